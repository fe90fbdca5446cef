//! The answers, and how they are printed.

use crate::answer::{Answer, Row};
use crate::json::Json;
use crate::target::Aim;
use anysocks::{Endpoint, Error, ErrorKind};
use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// What the answers are about: the proxy without its user name.
pub(crate) fn about(proxy: &Endpoint, aim: &Aim) -> [(&'static str, String); 4] {
    [
        ("anysocks", env!("CARGO_PKG_VERSION").to_owned()),
        ("system", std::env::consts::OS.to_owned()),
        ("proxy", proxy.to_string()),
        ("target", aim.to_string()),
    ]
}

pub(crate) fn table(about: &[(&'static str, String)], rows: &[Row]) -> String {
    let about = about.iter().map(|(what, value)| format!("{what}: {value}\n"));
    let rows = rows.iter().map(|row| {
        let line = format!(
            "{:20} {:9} {:>7.1} ms  {}",
            row.question.text,
            row.verdict(),
            ms(row.took),
            sentence(&row.answer)
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

/// To a hundredth.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// All that was found, or why not.
fn sentence(answer: &Answer) -> String {
    let Ok(found) = answer else { return detail(answer) };
    let parts = [
        found.relay.map(|relay| format!("relay {relay}")),
        found.bound.as_ref().map(|bound| format!("BND {bound}")),
        found.round_trip.map(|time| format!("there and back in {:.1} ms", ms(time))),
        Some(found.note.clone()).filter(|note| !note.is_empty()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What no field of its own tells.
fn detail(answer: &Answer) -> String {
    match answer {
        Ok(found) => found.note.clone(),
        Err(error) => why(&**error),
    }
}

/// The stage that failed, the proxy's code, and the system's errors behind it; not the proxy's URL.
fn why(error: &(dyn StdError + 'static)) -> String {
    let system = error.downcast_ref::<io::Error>();
    if let Some(inner) = system.and_then(io::Error::get_ref) {
        return why(inner);
    }
    let text = match (error.downcast_ref::<Error>(), system.map(io::Error::kind)) {
        (Some(error), _) => match error.kind() {
            ErrorKind::Invalid(invalid) => invalid.to_string(),
            kind => format!("{} {kind}", error.stage()),
        },
        (None, Some(io::ErrorKind::WouldBlock)) => "timed out".to_owned(),
        (None, _) => error.to_string(),
    };
    error.source().map_or(text.clone(), |source| format!("{text}: {}", why(source)))
}
