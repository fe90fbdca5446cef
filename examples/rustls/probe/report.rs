//! Prints the answers. Text from the proxy is escaped.

use crate::answer::{Answer, Row};
use crate::escape::printable;
use crate::event::reason;
use crate::json::Json;
use crate::target::Aim;
use crate::wire::TlsFailed;
use anysocks::Endpoint;
use std::time::Duration;

/// The subject of the answers. The proxy is printed without its user name.
pub(crate) fn about(proxy: &Endpoint, aim: &Aim) -> Vec<(&'static str, String)> {
    let mut about = vec![
        ("anysocks", env!("CARGO_PKG_VERSION").to_owned()),
        ("system", std::env::consts::OS.to_owned()),
        ("proxy", proxy.to_string()),
        ("target", aim.to_string()),
    ];
    about.extend(aim.addresses().map(|addresses| ("addresses", addresses)));
    about
}

pub(crate) fn table(about: &[(&'static str, String)], rows: &[Row]) -> String {
    let about = about.iter().map(|(what, value)| format!("{what}: {}\n", printable(value)));
    let rows = rows.iter().map(|row| {
        let line = format!(
            "{:20} {:9} {:>7.1} ms  {}",
            row.question.text,
            row.verdict(),
            ms(row.took),
            printable(&sentence(&row.answer))
        );
        line.trim_end().to_owned() + "\n"
    });
    about.chain(["\n".to_owned()]).chain(rows).collect()
}

pub(crate) fn json(about: &[(&'static str, String)], rows: &[Row]) -> String {
    let mut fields: Vec<_> = about.iter().map(|(what, value)| (*what, value.clone().into())).collect();
    fields.push(("answers", Json::List(rows.iter().map(object).collect())));
    format!("{}\n", Json::Object(fields))
}

/// Returns what to do if this question found no connection to the proxy.
pub(crate) fn lost(row: &Row) -> &'static str {
    match &row.answer {
        Err(error) if error.downcast_ref().is_some_and(TlsFailed::is_about_trust) => {
            "the proxy's certificate is not trusted: see --ca, --server-name and --insecure in --help"
        }
        _ => "there is no connection to the proxy",
    }
}

fn object(row: &Row) -> Json {
    let found = row.answer.as_ref().ok();
    let round_trip = found.and_then(|found| found.round_trip);
    Json::Object(vec![
        ("id", row.question.id.to_owned().into()),
        ("question", row.question.text.to_owned().into()),
        ("answer", row.verdict().to_string().into()),
        ("ms", ms(row.took).into()),
        ("bound", found.and_then(|found| found.bound.clone()).into()),
        ("relay", found.and_then(|found| found.relay).map(|relay| relay.to_string()).into()),
        ("round_trip_ms", round_trip.map(ms).into()),
        ("reply", row.reply().map(|reply| f64::from(reply.code())).into()),
        ("detail", detail(&row.answer).into()),
    ])
}

/// Milliseconds, rounded to a hundredth.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Everything that was found, or the reason for the failure.
fn sentence(answer: &Answer) -> String {
    let Ok(found) = answer else { return detail(answer) };
    let parts = [
        found.relay.map(|relay| format!("relay {relay}")),
        found.bound.as_ref().map(|bound| format!("BND {bound}")),
        found.round_trip.map(|time| format!("round trip {:.1} ms", ms(time))),
        Some(found.note.clone()).filter(|note| !note.is_empty()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The information without a field of its own.
fn detail(answer: &Answer) -> String {
    match answer {
        Ok(found) => found.note.clone(),
        Err(error) => reason(&**error),
    }
}
