//! SOCKS4 and SOCKS4a: one request, one reply.

use crate::row::{Row, ip};
use crate::support::dialogue::Dialogue;
use crate::support::script::{Line, client, proxy};
use anysocks::{ErrorKind, Reply, Stage};

pub(crate) fn rows() -> Vec<Row> {
    [requests(), replies(), refusals()].into_iter().flatten().collect()
}

const GRANTED: [u8; 8] = [0, 90, 0x30, 0x39, 192, 0, 2, 7];

fn lines(request: impl Into<Vec<u8>>, reply: impl Into<Vec<u8>>) -> Vec<Line> {
    vec![client(request), proxy(Stage::Request, reply)]
}

/// An exchange where only the reply matters.
fn answered(reply: impl Into<Vec<u8>>) -> (Dialogue, Vec<Line>) {
    (Dialogue::v4("", "192.0.2.1:80"), lines(*b"\x04\x01\x00\x50\xC0\x00\x02\x01\x00", reply))
}

fn requests() -> Vec<Row> {
    let granted = |name: &str, user_id: &str, target: &str, request: &[u8]| {
        let dialogue = Dialogue::v4(user_id, target);
        Row::bound(format!("SOCKS4: {name}"), dialogue, lines(request, GRANTED), ip("192.0.2.7:12345"))
    };
    let (long, longest) = ("u".repeat(255), "h".repeat(255));
    let both = [b"\x04\x01\x01\xBB\0\0\0\x01", long.as_bytes(), b"\0", longest.as_bytes(), b"\0"].concat();
    vec![
        granted("an address", "", "192.0.2.1:80", b"\x04\x01\x00\x50\xC0\x00\x02\x01\0"),
        granted("a user id", "me", "192.0.2.1:80", b"\x04\x01\x00\x50\xC0\x00\x02\x01me\0"),
        granted("a name", "", "example.com:80", b"\x04\x01\x00\x50\0\0\0\x01\0example.com\0"),
        granted("a name and a user id", "me", "a.b:65535", b"\x04\x01\xFF\xFF\0\0\0\x01me\0a.b\0"),
        granted("a trailing dot", "", "example.com.:80", b"\x04\x01\x00\x50\0\0\0\x01\0example.com.\0"),
        granted("port 0", "", "192.0.2.1:0", b"\x04\x01\x00\x00\xC0\x00\x02\x01\0"),
        granted("the longest of both", &long, &format!("{longest}:443"), &both),
    ]
}

fn replies() -> Vec<Row> {
    let granted = |name: &str, reply: [u8; 8], bound: &str| {
        let (dialogue, lines) = answered(reply);
        Row::bound(format!("SOCKS4: {name}"), dialogue, lines, ip(bound))
    };
    vec![
        granted("VN 4 in the reply", [4, 90, 0, 80, 192, 0, 2, 7], "192.0.2.7:80"),
        granted("an address of zeros", [0, 90, 0, 0, 0, 0, 0, 0], "0.0.0.0:0"),
        granted("an address of ones", [0, 90, 255, 255, 255, 255, 255, 255], "255.255.255.255:65535"),
    ]
}

fn refusals() -> Vec<Row> {
    let fails = |name: String, reply: &[u8], kind: ErrorKind| {
        let (dialogue, lines) = answered(reply);
        Row::fails(format!("SOCKS4: {name}"), dialogue, lines, Stage::Request, kind)
    };
    let refused = |code| fails(format!("CD {code}"), &[0, code], ErrorKind::Refused(Reply::V4(code)));
    let not_socks = |first| fails(format!("VN {first:02X}"), &[first], ErrorKind::NotSocks { first });
    let mut rows = Vec::new();
    for code in [0, 1, 89, 91, 92, 93, 94, 0xFF] {
        rows.extend([refused(code), refused(code).trailed(&[0, 0, 0, 0, 0, 0])]);
    }
    for code in [0, 91, 93] {
        rows.push(fails(format!("VN 4, CD {code}"), &[4, code], ErrorKind::Refused(Reply::V4(code))));
    }
    for first in [1, 5, b'H', b'<', 0x15, 90, 0xFF] {
        rows.extend([not_socks(first), not_socks(first).trailed(b"\x5A\0\0\0\0\0\0")]);
    }
    rows
}
