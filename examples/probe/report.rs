//! The answers, and how they are printed.

use crate::target::{Aim, NotTried};
use anysocks::{Endpoint, Error, ErrorKind};
use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// What there is to be said beside yes, or why not.
pub(crate) type Answer = Result<String, Box<dyn StdError>>;

pub(crate) struct Row {
    pub(crate) question: &'static str,
    pub(crate) answer: Answer,
    pub(crate) took: Duration,
}

impl Row {
    /// Answer, milliseconds, detail.
    fn texts(&self) -> [String; 3] {
        let (answer, detail) = match &self.answer {
            Ok(detail) => ("yes", detail.clone()),
            Err(error) if error.is::<NotTried>() => ("not tried", error.to_string()),
            Err(error) => ("no", why(&**error)),
        };
        [answer.to_owned(), format!("{:.1}", self.took.as_secs_f64() * 1000.0), detail]
    }
}

/// What the answers are about: the proxy without its user name.
pub(crate) fn about(proxy: &Endpoint, aim: &Aim) -> [(&'static str, String); 4] {
    [
        ("anysocks", env!("CARGO_PKG_VERSION").to_owned()),
        ("system", std::env::consts::OS.to_owned()),
        ("proxy", proxy.to_string()),
        ("target", aim.to_string()),
    ]
}

pub(crate) fn table(about: &[(&str, String)], rows: &[Row]) -> String {
    let about = about.iter().map(|(what, value)| format!("{what}: {value}\n"));
    let rows = rows.iter().map(|row| {
        let [answer, took, detail] = row.texts();
        format!("{:20} {answer:9} {took:>7} ms  {detail}", row.question).trim_end().to_owned() + "\n"
    });
    about.chain(["\n".to_owned()]).chain(rows).collect()
}

pub(crate) fn json(about: &[(&str, String)], rows: &[Row]) -> String {
    let about = about.iter().map(|(what, value)| format!("{}: {}", quoted(what), quoted(value)));
    let rows = rows.iter().map(|row| {
        let [answer, took, detail] = row.texts();
        let [question, answer, detail] = [row.question, &answer, &detail].map(quoted);
        format!("{{\"question\": {question}, \"answer\": {answer}, \"ms\": {took}, \"detail\": {detail}}}")
    });
    let (about, rows) = (about.collect::<Vec<_>>().join(", "), rows.collect::<Vec<_>>().join(",\n  "));
    format!("{{{about}, \"answers\": [\n  {rows}\n]}}\n")
}

fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
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
