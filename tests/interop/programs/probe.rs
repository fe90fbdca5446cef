//! The example `probe`: each of its answers has to be what the table here expects of the server.

use std::net::SocketAddr;

use anysocks::Endpoint;

use super::is_first;
use super::json::Json;
use crate::capabilities::{Bound, Capabilities, Failure, Lookups, Outcome, Place};
use crate::fronts::Front;
use crate::servers::CREDENTIALS;
use crate::setting::Setting;

/// The word of the answer, and the proxy's code if there is one.
type Answer = (&'static str, Option<u8>);

type Expected = fn(&Capabilities, Place) -> Answer;

const YES: Answer = ("yes", None);
const NO: Answer = ("no", None);
const NOT_TRIED: Answer = ("not tried", None);

/// The details of a "yes".
enum Tells {
    Nothing,
    /// The round trip, if the target is in the probe's process.
    RoundTrip,
    Relay,
}
use Tells::{Nothing, Relay, RoundTrip};

/// The probe's rows, by their ids.
const ROWS: [(&str, Expected, Tells); 22] = [
    ("tcp", |_, _| YES, Nothing),
    ("tls", |_, place| if place == Place::Tls { YES } else { NOT_TRIED }, Nothing),
    ("socks4", |server, _| request(server.socks4), RoundTrip),
    ("socks4a", |server, _| request4(server, server.socks4a), RoundTrip),
    ("socks4-bind", |server, _| request4(server, server.bind_socks4), Nothing),
    ("socks5", |_, _| YES, Nothing),
    ("method-none", |server, _| method(server.none), Nothing),
    ("method-gssapi", |_, _| NO, Nothing),
    ("method-password", |server, _| method(server.right_password), Nothing),
    (CREDENTIALS_ROW, |server, _| method(server.right_password), Nothing),
    ("method-eaf", |_, _| NO, Nothing),
    ("method-tol", |_, _| NO, Nothing),
    ("method-amc", |_, _| NO, Nothing),
    ("socks5-ipv4", |server, _| request(server.v4), RoundTrip),
    ("socks5-ipv6", |server, _| request(server.v6), RoundTrip),
    ("socks5-name", |server, _| request(server.name), RoundTrip),
    ("pipelined", |server, _| if server.pipelined { YES } else { NO }, RoundTrip),
    ("bind", |server, _| request(server.bind), Nothing),
    ("udp", |server, _| request(server.udp.map(drop)), Relay),
    ("udp-ipv4", datagrams, RoundTrip),
    ("udp-ipv6", datagrams, RoundTrip),
    ("udp-name", datagrams, RoundTrip),
];

const CREDENTIALS_ROW: &str = "credentials";

fn request(outcome: Outcome) -> Answer {
    match outcome {
        Ok(()) => YES,
        // The command or the type of the address is not supported.
        Err(Failure::Reply(code @ (7 | 8))) => ("no", Some(code)),
        Err(Failure::Reply(code)) => ("refused", Some(code)),
        Err(_) => NO,
    }
}

/// A server that answers SOCKS5 with SOCKS4 gets one request.
fn request4(server: &Capabilities, outcome: Outcome) -> Answer {
    if matches!(server.socks4, Err(Failure::Alien(_))) { NOT_TRIED } else { request(outcome) }
}

/// The server's table has the outcome of the request that follows.
fn method(outcome: Outcome) -> Answer {
    match outcome {
        Ok(()) | Err(Failure::Reply(_)) => YES,
        Err(Failure::Status(_)) => ("refused", None),
        Err(_) => NO,
    }
}

fn datagrams(server: &Capabilities, _: Place) -> Answer {
    if reaches_the_probe(server) { request(server.udp.map(drop)) } else { NOT_TRIED }
}

/// Without a network of its own, Tor reaches nothing on this machine; with one, it rejects the
/// name of the probe's target.
fn reaches_the_probe(server: &Capabilities) -> bool {
    !matches!(server.lookups, Lookups::Offline | Lookups::Tor)
}

pub(crate) fn applies(front: &Front) -> bool {
    is_first(front)
}

pub(crate) fn play(setting: &Setting<'_>) -> Result<(), String> {
    let server = setting.capabilities;
    let (_, password) = CREDENTIALS;
    let echoed = reaches_the_probe(server);
    let rows = ask(setting, &trusted(setting)?, password)?;
    if rows.len() != ROWS.len() {
        return Err(format!("{} rows instead of {}", rows.len(), ROWS.len()));
    }
    for (row, (id, expected, tells)) in rows.iter().zip(ROWS) {
        let answer = expected(server, setting.place);
        check_answer(row, id, answer)?;
        has(row, "ms", true)?;
        has(row, "relay", answer == YES && matches!(tells, Relay))?;
        has(row, "round_trip_ms", answer == YES && matches!(tells, RoundTrip) && echoed)?;
        if id == "socks5-ipv4" && answer == YES {
            check_bound(server.bound, row.field("bound")?, setting)?;
        }
    }

    let rows = ask(setting, &trusted(setting)?, "not-the-password")?;
    let row = rows.iter().zip(ROWS).find_map(|(row, (id, ..))| (id == CREDENTIALS_ROW).then_some(row));
    check_answer(row.ok_or("no row for credentials")?, CREDENTIALS_ROW, method(server.wrong_password))
}

pub(crate) fn trust_applies(place: Place, front: &Front) -> bool {
    place == Place::Tls && is_first(front)
}

/// Without the certificate there is no request, and a refused certificate is not a refused target.
/// With `--insecure`, any certificate is accepted.
pub(crate) fn trust(setting: &Setting<'_>) -> Result<(), String> {
    let (_, password) = CREDENTIALS;
    match ask(setting, &[], password) {
        Err(output) if output.contains("the proxy's certificate is not trusted: see --ca") => {}
        other => return Err(format!("a certificate that nobody trusts: {other:?}")),
    }
    let rows = ask(setting, &["--insecure".to_owned()], password)?;
    match rows.iter().find(|row| row.field("id") == Ok(&Json::Text("socks5-name".to_owned()))) {
        Some(row) => check_answer(row, "socks5-name", YES),
        None => Err(format!("no row for a name: {rows:?}")),
    }
}

/// The options with which a certificate of the server is trusted.
fn trusted(setting: &Setting<'_>) -> Result<Vec<String>, String> {
    if setting.place != Place::Tls {
        return Ok(Vec::new());
    }
    let certificate = setting.running.directory.join("cert.pem");
    Ok(vec!["--ca".to_owned(), certificate.to_str().ok_or("the directory's name is not UTF-8")?.to_owned()])
}

/// The rows of the probe's table. The password is passed even if the server requires none.
fn ask(setting: &Setting<'_>, options: &[String], password: &str) -> Result<Vec<Json>, String> {
    let server = setting.capabilities;
    let (user, _) = CREDENTIALS;
    let mut arguments = [&["--json".to_owned()], options].concat();
    if !reaches_the_probe(server) {
        let port = setting.lab.destinations()?.echo;
        for host in ["127.0.0.1", "[::1]", server.loopback_name] {
            arguments.extend(["--target".to_owned(), format!("{host}:{port}")]);
        }
    }
    arguments.push(match (setting.endpoint(), setting.place) {
        (Endpoint::Unix(path), _) => format!("socks5h+unix://{user}:{password}@{}", path.display()),
        (endpoint, Place::Tls) => format!("socks5h+tls://{user}:{password}@{endpoint}"),
        (endpoint, _) => format!("socks5h://{user}:{password}@{endpoint}"),
    });
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = super::run("probe", &arguments)?;
    if output.contains(password) {
        return Err(format!("a secret: {output}"));
    }
    match Json::parse(&output)?.take("answers") {
        Some(Json::List(rows)) => Ok(rows),
        _ => Err(format!("no list of answers: {output}")),
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
