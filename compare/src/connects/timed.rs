//! What differs between machines and runs: instructions, processor time, resident memory.

use super::case::Case;
use super::pending::pending;
use super::processor_time::processor_time;
use super::proxy::{Manner, Proxy};
use super::watched::instructions;
use super::way::{FrontEnd, Role, Way};
use super::ways::ways;

/// Prints a table for each front end and case.
pub(crate) fn print(at_once: usize) {
    let proxy = Proxy::start(Manner::AtOnce);
    let ways = ways(proxy.addr);
    for front_end in FrontEnd::ALL {
        for case in Case::ALL {
            let of = |(_, way): &(usize, &Way)| way.front_end == front_end && way.case == case;
            let ways: Vec<_> = ways.iter().enumerate().filter(of).collect();
            println!("### {}, {}\n\n{}", front_end.title(), case.title(), table(&ways, at_once));
        }
    }
}

/// The table of ways that can be compared, each with its place.
fn table(ways: &[(usize, &Way)], at_once: usize) -> String {
    let places: Vec<_> = ways.iter().map(|(place, _)| *place).collect();
    let times = processor_time(&places);
    let floor = ways.iter().position(|(_, way)| way.role == Role::Floor).expect("a floor");
    let line = |((place, way), time): (&(usize, &Way), &Vec<f64>)| {
        let ratio = median(time.iter().zip(&times[floor]).map(|(time, floor)| time / floor));
        let instructions = instructions(*place).map(|count| count.to_string()).unwrap_or_default();
        let resident = way.future.map(|_| format!("{:.0}", pending(*place, at_once).resident));
        format!(
            "| {} | {instructions} | {:.1} | {ratio:.2} | {} |\n",
            way.name,
            median(time.iter().copied()),
            resident.unwrap_or_default()
        )
    };
    HEAD.to_owned() + &ways.iter().zip(&times).map(line).collect::<String>()
}

const HEAD: &str = "\
| | instructions | processor time, us | to the floor | resident bytes while pending |
|---|---|---|---|---|
";

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
