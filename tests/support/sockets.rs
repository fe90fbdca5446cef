//! The TCP sockets of this machine, as Linux lists them.

use std::fs;
use std::process::Command;
use std::time::Duration;

/// A socket over IPv4.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) local: u16,
    pub(crate) remote: u16,
    /// The time until the next probe of keepalive, if that is what the socket's timer waits for.
    pub(crate) keepalive: Option<Duration>,
    /// The line of the system's table.
    text: String,
}

/// Those that have this port at either end.
pub(crate) fn rows(port: u16) -> Vec<Row> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let rows = table.lines().filter_map(row);
    rows.filter(|row| row.local == port || row.remote == port).collect()
}

/// `sl: local remote state tx:rx timer:when ...`, all in hexadecimal digits.
fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_whitespace().skip(1);
    let mut port = || {
        let (_, port) = fields.next()?.split_once(':')?;
        u16::from_str_radix(port, 16).ok()
    };
    let (local, remote) = (port()?, port()?);
    let (timer, when) = fields.nth(2)?.split_once(':')?;
    // In hundredths of a second.
    let when = Duration::from_millis(10 * u64::from_str_radix(when, 16).ok()?);
    Some(Row { local, remote, keepalive: (timer == "02").then_some(when), text: line.to_owned() })
}

/// What there is to know of them, for the message of a test that has failed.
pub(crate) fn describe(port: u16) -> String {
    let ports = format!("( sport = :{port} or dport = :{port} )");
    // With buffers, timers, windows and the round trip: the table has less.
    match Command::new("ss").args(["--tcp", "-amion", &ports]).output() {
        Ok(ss) if ss.status.success() => String::from_utf8_lossy(&ss.stdout).into_owned(),
        _ => rows(port).into_iter().map(|row| row.text + "\n").collect(),
    }
}
