//! The questions, and which of them need not be asked.

use crate::answer::{Answer, NotTried, Row, Verdict};
use crate::prober::Prober;
use Kind::{Bind4, Connect4, Connect5, Datagrams, Dial, Greeting, Method, Request5};
use anysocks::protocol::Command;
use anysocks::{V4, V5};
use std::time::Instant;

pub(crate) struct Question {
    /// The name for programs, which never changes.
    pub(crate) id: &'static str,
    /// The text for the table.
    pub(crate) text: &'static str,
    pub(crate) kind: Kind,
    ask: fn(&Prober, &[Row]) -> Answer,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A connection to the proxy.
    Dial,
    /// SOCKS4: a connection to the target.
    Connect4,
    /// SOCKS4: a port of the proxy.
    Bind4,
    /// SOCKS5: the proxy's choice among all METHODs.
    Greeting,
    /// SOCKS5: one METHOD, and nothing after it.
    Method,
    /// SOCKS5: a connection to the target.
    Connect5,
    /// SOCKS5: another request.
    Request5,
    /// Datagrams to the target and back.
    Datagrams,
}

const QUESTIONS: &[Question] = &[
    ask("tcp", "TCP connection", Dial, |p, _| p.tcp()),
    ask("tls", "TLS connection", Dial, |p, _| p.tls()),
    ask("socks4", "SOCKS4 to IPv4", Connect4, |p, _| p.connect::<V4>(&p.user_id, &p.aim.v4()?)),
    ask("socks4a", "SOCKS4a to a name", Connect4, |p, _| p.connect4a()),
    ask("socks4-bind", "SOCKS4 BIND", Bind4, |p, _| p.bind::<V4>(&p.user_id)),
    ask("socks5", "SOCKS5 greeting", Greeting, |p, _| p.greeting()),
    ask("method-none", "METHOD 00, none", Method, |p, _| p.none()),
    ask("method-gssapi", "METHOD 01, GSS-API", Method, |p, _| p.gssapi()),
    ask("method-password", "METHOD 02, password", Method, |p, _| p.password()),
    ask("credentials", "credentials", Method, |p, _| p.credentials()),
    ask("method-eaf", "METHOD 80, EAF", Method, |p, _| p.socks5a(0x80, "EAF")),
    ask("method-tol", "METHOD 81, TOL", Method, |p, _| p.socks5a(0x81, "TOL")),
    ask("method-amc", "METHOD 82, AMC", Method, |p, _| p.socks5a(0x82, "AMC")),
    ask("socks5-ipv4", "SOCKS5 to IPv4", Connect5, |p, _| p.connect::<V5>(&p.auth, &p.aim.v4()?)),
    ask("socks5-ipv6", "SOCKS5 to IPv6", Connect5, |p, _| p.connect::<V5>(&p.auth, &p.aim.v6()?)),
    ask("socks5-name", "SOCKS5 to a name", Connect5, |p, _| p.connect::<V5>(&p.auth, &p.aim.name()?)),
    ask("pipelined", "SOCKS5 in one write", Request5, Prober::pipelined),
    ask("bind", "BIND", Request5, |p, _| p.bind::<V5>(&p.prepared(Command::Bind)?)),
    ask("udp", "UDP ASSOCIATE", Request5, |p, _| p.associate()),
    ask("udp-ipv4", "datagrams to IPv4", Datagrams, |p, _| p.datagrams(&p.aim.echo_v4()?)),
    ask("udp-ipv6", "datagrams to IPv6", Datagrams, |p, _| p.datagrams(&p.aim.echo_v6()?)),
    ask("udp-name", "datagrams to a name", Datagrams, |p, _| p.datagrams(&p.aim.echo_name()?)),
];

const fn ask(
    id: &'static str,
    text: &'static str,
    kind: Kind,
    ask: fn(&Prober, &[Row]) -> Answer,
) -> Question {
    Question { id, text, kind, ask }
}

impl Kind {
    const fn is_socks4(self) -> bool {
        matches!(self, Connect4 | Bind4)
    }

    const fn is_about_target(self) -> bool {
        !matches!(self, Dial | Greeting | Method)
    }
}

/// Asks all questions. An earlier run had a target in this process. Of its answers, every yes is
/// kept, and so is every answer that is not about the target.
pub(crate) fn ask_all(prober: &Prober, earlier: Vec<Row>) -> Vec<Row> {
    let no_socks4 = lacks_socks4(&earlier, true);
    let is_known = |row: &Row| {
        let kind = row.question.kind;
        row.verdict() == Verdict::Yes || !kind.is_about_target() || (kind.is_socks4() && no_socks4)
    };
    let mut known: Vec<Row> = earlier.into_iter().filter(is_known).collect();
    let mut rows = Vec::new();
    for question in QUESTIONS {
        if let Some(n) = known.iter().position(|row| row.question.id == question.id) {
            rows.push(known.swap_remove(n));
            continue;
        }
        let start = Instant::now();
        let answer = match why_not(question.kind, &rows, prober.aim.is_own()) {
            Some(why) => Err(NotTried(why).into()),
            None => (question.ask)(prober, &rows),
        };
        rows.push(Row { question, answer, took: start.elapsed() });
    }
    rows
}

/// Why a question is not worth asking after these answers.
fn why_not(kind: Kind, rows: &[Row], own_target: bool) -> Option<&'static str> {
    if rows.iter().any(Row::is_lost_connection) {
        return Some("there is no connection to the proxy");
    }
    if kind.is_socks4() {
        return lacks_socks4(rows, own_target).then_some("the proxy does not speak SOCKS4");
    }
    if lacks_socks5(kind, rows) {
        return Some("the proxy does not speak SOCKS5");
    }
    // Datagrams to an unreachable target get no answer.
    let is_refused = |row: &Row| row.is_not_tried() || row.refuses_target();
    let connects = |row: &&Row| row.question.kind == Connect5;
    let unreachable = kind == Datagrams && own_target && rows.iter().filter(connects).all(is_refused);
    unreachable.then_some("the proxy does not reach the target in this process")
}

/// Whether SOCKS4 was answered in another protocol, or CONNECT was not answered. An external
/// target may be the reason for silence, so its address and its name are both tried.
fn lacks_socks4(rows: &[Row], own_target: bool) -> bool {
    let (mut silent, mut alien) = (0, false);
    for row in rows.iter().filter(|row| row.question.kind == Connect4) {
        silent += u8::from(row.is_silence());
        alien |= row.is_another_protocol();
    }
    alien || silent > u8::from(!own_target)
}

/// Whether the greeting was answered in another protocol or not at all, or no METHOD was answered
/// in SOCKS5. A proxy that closes the connection may only reject one of the METHODs.
fn lacks_socks5(kind: Kind, rows: &[Row]) -> bool {
    let greeting = rows.iter().find(|row| row.question.kind == Greeting);
    let is_answered = |row: &Row| matches!(row.question.kind, Greeting | Method) && row.is_socks();
    match greeting {
        None => false,
        Some(greeting) if greeting.is_silence() || greeting.is_another_protocol() => true,
        Some(_) => !matches!(kind, Greeting | Method) && !rows.iter().any(is_answered),
    }
}
