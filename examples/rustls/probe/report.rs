//! The report as JSON.

use crate::json::Json;
use anysocks::probe::{Answer, Report};
use std::time::Duration;

pub(crate) fn json(report: &Report, tls: Option<&str>) -> Json {
    let target = report.target().map_or_else(|| "a server in this process".to_owned(), ToString::to_string);
    let mut fields = vec![
        ("anysocks", env!("CARGO_PKG_VERSION").to_owned().into()),
        ("system", std::env::consts::OS.to_owned().into()),
        ("proxy", report.proxy().to_string().into()),
        ("target", target.into()),
    ];
    if !report.addresses().is_empty() {
        let addresses: Vec<_> = report.addresses().iter().map(ToString::to_string).collect();
        fields.push(("addresses", addresses.join(", ").into()));
    }
    fields.extend(tls.map(|version| ("tls", version.to_owned().into())));
    fields.push(("answers", Json::List(report.answers().iter().map(object).collect())));
    Json::Object(fields)
}

fn object(answer: &Answer) -> Json {
    let found = answer.outcome.as_ref().ok();
    Json::Object(vec![
        ("id", answer.question.id().to_owned().into()),
        ("question", answer.question.to_string().into()),
        ("answer", answer.verdict().to_string().into()),
        ("ms", ms(answer.took).into()),
        ("bound", found.and_then(|found| found.bound.as_ref()).map(ToString::to_string).into()),
        ("relay", found.and_then(|found| found.relay).map(|relay| relay.to_string()).into()),
        ("round_trip_ms", found.and_then(|found| found.round_trip).map(ms).into()),
        ("reply", answer.reply().map(|reply| f64::from(reply.code())).into()),
        ("detail", answer.detail().into()),
    ])
}

/// Milliseconds, rounded to a hundredth.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
