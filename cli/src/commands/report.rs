//! The report of a probe as JSON.

use anysocks::Reply;
use anysocks::probe::{Answer, Report};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) fn json(report: &Report) -> Value {
    let target = report.target().map_or_else(|| "a server in this process".to_owned(), ToString::to_string);
    json!({
        "anysocks": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "proxy": report.proxy().to_string(),
        "target": target,
        "addresses": report.addresses().iter().map(SocketAddr::to_string).collect::<Vec<_>>(),
        "answers": report.answers().iter().map(object).collect::<Vec<_>>(),
    })
}

fn object(answer: &Answer) -> Value {
    let found = answer.outcome.as_ref().ok();
    json!({
        "id": answer.question.id(),
        "question": answer.question.to_string(),
        "answer": answer.verdict().to_string(),
        "ms": ms(answer.took),
        "bound": found.and_then(|found| found.bound.as_ref()).map(ToString::to_string),
        "relay": found.and_then(|found| found.relay).map(|relay| relay.to_string()),
        "round_trip_ms": found.and_then(|found| found.round_trip).map(ms),
        "reply": answer.reply().map(Reply::code),
        "detail": answer.detail(),
    })
}

/// Milliseconds, rounded to a hundredth.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
