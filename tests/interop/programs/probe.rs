//! The example `probe`: each answer of its table is what this table here says of the server.

use std::net::SocketAddr;

use anysocks::Endpoint;

use super::is_first;
use super::json::Json;
use crate::capabilities::{Bound, Capabilities, Failure, Lookups, Outcome, Place};
use crate::fronts::Front;
use crate::servers::CREDENTIALS;
use crate::setting::Setting;

/// What the probe says in a word, and the proxy's code if that was it.
type Answer = (&'static str, Option<u8>);

type Expected = fn(&Capabilities) -> Answer;

const YES: Answer = ("yes", None);
const NO: Answer = ("no", None);
const NOT_TRIED: Answer = ("not tried", None);

/// What a yes tells beside itself.
enum Tells {
    Nothing,
    /// The time there and back, if the target is the probe's.
    RoundTrip,
    Relay,
}
use Tells::{Nothing, Relay, RoundTrip};

/// A row of the probe's each, by its id.
const ROWS: [(&str, Expected, Tells); 17] = [
    ("tcp", |_| YES, Nothing),
    ("socks4", |server| request(server.socks4), RoundTrip),
    ("socks4a", |server| request(server.socks4a), RoundTrip),
    ("socks4-bind", |server| request(server.bind_socks4), Nothing),
    ("method-none", |server| method(server.none), Nothing),
    ("method-gssapi", |_| NO, Nothing),
    ("method-password", |server| method(server.right_password), Nothing),
    (CREDENTIALS_ROW, |server| method(server.right_password), Nothing),
    ("socks5-ipv4", |server| request(server.v4), RoundTrip),
    ("socks5-ipv6", |server| request(server.v6), RoundTrip),
    ("socks5-name", |server| request(server.name), RoundTrip),
    ("pipelined", |server| if server.pipelined { YES } else { NO }, RoundTrip),
    ("bind", |server| request(server.bind), Nothing),
    ("udp", |server| request(server.udp.map(drop)), Relay),
    ("udp-ipv4", datagrams, RoundTrip),
    ("udp-ipv6", datagrams, RoundTrip),
    ("udp-name", datagrams, RoundTrip),
];

const CREDENTIALS_ROW: &str = "credentials";

fn request(outcome: Outcome) -> Answer {
    match outcome {
        Ok(()) => YES,
        // It says that it does not know the command, or the type of the address.
        Err(Failure::Reply(code @ (7 | 8))) => ("no", Some(code)),
        Err(Failure::Reply(code)) => ("refused", Some(code)),
        Err(_) => NO,
    }
}

/// The table has what becomes of a request behind it.
fn method(outcome: Outcome) -> Answer {
    match outcome {
        Ok(()) | Err(Failure::Reply(_)) => YES,
        Err(Failure::Status(_)) => ("refused", None),
        Err(_) => NO,
    }
}

fn datagrams(server: &Capabilities) -> Answer {
    if reaches_the_probe(server) { request(server.udp.map(drop)) } else { NOT_TRIED }
}

/// Tor reaches nothing on this machine without a network of its own, and with one not by the name that the probe has.
fn reaches_the_probe(server: &Capabilities) -> bool {
    !matches!(server.lookups, Lookups::Offline | Lookups::Tor)
}

/// Everywhere but behind TLS, which the probe does not speak: it has the standard library's streams only.
pub(crate) fn applies(place: Place, front: &Front) -> bool {
    is_first(front) && place != Place::Tls
}

pub(crate) fn play(setting: &Setting<'_>) -> Result<(), String> {
    let server = setting.capabilities;
    let (_, password) = CREDENTIALS;
    let echoed = reaches_the_probe(server);
    let rows = ask(setting, password)?;
    if rows.len() != ROWS.len() {
        return Err(format!("{} rows instead of {}", rows.len(), ROWS.len()));
    }
    for (row, (id, expected, tells)) in rows.iter().zip(ROWS) {
        let answer = expected(server);
        check_answer(row, id, answer)?;
        has(row, "ms", true)?;
        has(row, "relay", answer == YES && matches!(tells, Relay))?;
        has(row, "round_trip_ms", answer == YES && matches!(tells, RoundTrip) && echoed)?;
        if id == "socks5-ipv4" && answer == YES {
            check_bound(server.bound, row.field("bound")?, setting)?;
        }
    }

    let rows = ask(setting, "not-the-password")?;
    let row = rows.iter().zip(ROWS).find_map(|(row, (id, ..))| (id == CREDENTIALS_ROW).then_some(row));
    check_answer(row.ok_or("no row for credentials")?, CREDENTIALS_ROW, method(server.wrong_password))
}

/// The rows of the probe's table. The password goes with it, wanted or not.
fn ask(setting: &Setting<'_>, password: &str) -> Result<Vec<Json>, String> {
    let server = setting.capabilities;
    let (user, _) = CREDENTIALS;
    let mut arguments = vec!["--json".to_owned()];
    if !reaches_the_probe(server) {
        let port = setting.lab.destinations()?.echo;
        for host in ["127.0.0.1", "[::1]", server.loopback_name] {
            arguments.extend(["--target".to_owned(), format!("{host}:{port}")]);
        }
    }
    arguments.push(match setting.endpoint() {
        Endpoint::Unix(path) => format!("socks5h+unix://{user}:{password}@{}", path.display()),
        endpoint => format!("socks5h://{user}:{password}@{endpoint}"),
    });
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = super::run("probe", &arguments)?;
    if said.contains(password) {
        return Err(format!("a secret: {said}"));
    }
    match Json::parse(&said)?.take("answers") {
        Some(Json::List(rows)) => Ok(rows),
        _ => Err(format!("no list of answers: {said}")),
    }
}

fn check_answer(row: &Json, id: &str, (answer, reply): Answer) -> Result<(), String> {
    let expected = [
        ("id", Json::Text(id.to_owned())),
        ("answer", Json::Text(answer.to_owned())),
        ("reply", reply.map_or(Json::Null, |code| Json::Number(code.into()))),
    ];
    for (name, expected) in expected {
        if *row.field(name)? != expected {
            return Err(format!("{name} is not {expected:?}: {row:?}"));
        }
    }
    Ok(())
}

fn has(row: &Json, name: &str, expected: bool) -> Result<(), String> {
    match (row.field(name)?, expected) {
        (Json::Null, false) | (Json::Number(_) | Json::Text(_), true) => Ok(()),
        _ => Err(format!("{name}: {row:?}")),
    }
}

fn check_bound(bound: Bound, told: &Json, setting: &Setting<'_>) -> Result<(), String> {
    let fits = match (bound, told.text()) {
        (_, None) => false,
        (Bound::Constant(address), Some(told)) => told == address,
        (Bound::Own, Some(told)) => told == setting.address().to_string(),
        (Bound::Real, Some(told)) => told.parse::<SocketAddr>().is_ok_and(|told| told.ip().is_loopback()),
    };
    if fits { Ok(()) } else { Err(format!("expected {bound:?}, got {told:?}")) }
}
