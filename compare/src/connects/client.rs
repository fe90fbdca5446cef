//! The process of a client, whose proxy is in another one.

use super::turns::turns;
use super::ways::ways;
use crate::order::Order;
use std::io::stdin;
use std::net::SocketAddr;

/// The word in front of its orders.
pub(crate) const CONNECT: &str = "connect";

/// Connects a number of times.
pub(super) const REPEAT: &str = "repeat";
/// Has a number of calls pending until a line arrives, and prints their memory.
pub(super) const HOLD: &str = "hold";
/// Connects a number of times for each line, and prints the processor time.
pub(super) const TURNS: &str = "turns";

/// `way` is the place in the list of all ways.
pub(super) fn order(way: usize, proxy: SocketAddr, work: &str, number: usize) -> Order {
    Order::new([CONNECT, &way.to_string(), &proxy.to_string(), work, &number.to_string()])
}

/// Carries out what [`order`] says, but for its first word.
pub(crate) fn carry_out(words: &[&str]) {
    let [way, proxy, work, number] = *words else { panic!("{words:?} is no order") };
    let (way, number) = (way.parse().expect("a place"), number.parse().expect("a number"));
    let way = ways(proxy.parse().expect("an address")).into_iter().nth(way).expect("a known way");
    match work {
        REPEAT => way.repeat(number),
        HOLD => {
            let held = way.hold(number, || _ = stdin().read_line(&mut String::new()));
            println!("\n{}", held.expect("calls that can be pending"));
        }
        TURNS => turns(&way, number),
        _ => panic!("{work} is no work"),
    }
}
