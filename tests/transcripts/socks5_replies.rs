//! The reply to a SOCKS5 request (RFC 1928 §6): every form of BND.ADDR, every kind of refusal, and
//! malformed replies.

use crate::row::{Row, ip, name};
use crate::support::dialogue::{Dialogue, credentials};
use crate::support::script::{Line, client, proxy};
use anysocks::{Address, Auth, ErrorKind, Reply, Stage};

pub(crate) fn rows() -> Vec<Row> {
    [bound(), refused(), malformed()].into_iter().flatten().collect()
}

const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0Bexample.com\x00\x50";

fn answered(reply: &[u8]) -> (Dialogue, Vec<Line>) {
    let lines = vec![
        client([5, 1, 0]),
        proxy(Stage::MethodSelection, [5, 0]),
        client(REQUEST),
        proxy(Stage::Request, reply),
    ];
    (Dialogue::v5(Auth::none(), "example.com:80"), lines)
}

/// The same after a password, whose STATUS may arrive together with the reply.
fn answered_behind_password(reply: &[u8]) -> (Dialogue, Vec<Line>) {
    let lines = vec![
        client([5, 2, 0, 2]),
        proxy(Stage::MethodSelection, [5, 2]),
        client(*b"\x01\x01u\x01p"),
        proxy(Stage::Authentication, [1, 0]),
        client(REQUEST),
        proxy(Stage::Request, reply),
    ];
    (Dialogue::v5(Auth::password(credentials("u", "p")), "example.com:80"), lines)
}

fn bound() -> Vec<Row> {
    let named = |text: &[u8]| {
        let len = u8::try_from(text.len()).expect("255 at most");
        let reply = [&[5, 0, 0, 3, len], text, &[0x30, 0x39]].concat();
        (format!("a name of {len} bytes"), reply, name(text, 12345))
    };
    let mapped = b"\x05\0\0\x04\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\x02\x07\x30\x39";
    let replies: Vec<(String, Vec<u8>, Address)> = vec![
        ("IPv4".into(), b"\x05\0\0\x01\xC0\0\x02\x07\x30\x39".into(), ip("192.0.2.7:12345")),
        ("zeros".into(), b"\x05\0\0\x01\0\0\0\0\0\0".into(), ip("0.0.0.0:0")),
        (
            "IPv6".into(),
            b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\x30\x39".into(),
            ip("[2001:db8::7]:12345"),
        ),
        ("IPv4-mapped".into(), mapped.into(), ip("[::ffff:192.0.2.7]:12345")),
        ("RSV FF".into(), b"\x05\0\xFF\x01\xC0\0\x02\x07\x30\x39".into(), ip("192.0.2.7:12345")),
        ("RSV 1 and a name".into(), b"\x05\0\x01\x03\x03a.b\x30\x39".into(), name(b"a.b", 12345)),
        ("no UTF-8".into(), b"\x05\0\0\x03\x04\xFF\xC0\0\x80\x30\x39".into(), name(b"\xFF\xC0\0\x80", 12345)),
        // Where a reader counts wrongly by one or two, the port's bytes show it.
        named(b""),
        named(b"a"),
        named(b"ab"),
        named(b"abc"),
        named(b"proxy.example.net"),
        named(&[0x03; 254]),
        named(&[b'n'; 255]),
    ];
    let mut rows = Vec::new();
    for (name, reply, bound) in replies {
        let (dialogue, lines) = answered(&reply);
        rows.push(Row::bound(format!("BND: {name}"), dialogue, lines, bound.clone()));
        let (dialogue, lines) = answered_behind_password(&reply);
        rows.push(Row::bound(format!("BND behind a password: {name}"), dialogue, lines, bound));
    }
    rows
}

/// VER and REP identify a refusal, whatever follows.
fn refused() -> Vec<Row> {
    let row = |code: u8| {
        let (dialogue, lines) = answered(&[5, code]);
        let kind = ErrorKind::Refused(Reply::V5(code));
        Row::fails(format!("REP {code:02X}"), dialogue, lines, Stage::Request, kind)
    };
    let behind_password = |code: u8| {
        let (dialogue, lines) = answered_behind_password(&[5, code]);
        let kind = ErrorKind::Refused(Reply::V5(code));
        Row::fails(format!("REP {code:02X} behind a password"), dialogue, lines, Stage::Request, kind)
    };
    let codes = (1..=9).chain(0xEF..=0xF8).chain([90, 91, 0xFF]);
    let mut rows: Vec<_> = codes.flat_map(|code| [row(code), behind_password(code)]).collect();
    let tails: [(&str, &[u8]); 6] = [
        ("a whole reply", &[0, 1, 0, 0, 0, 0, 0, 0]),
        ("ATYP 0", &[0, 0, 0, 0, 0, 0, 0, 0]),
        ("ATYP 0 and no more", &[0, 0]),
        ("RSV alone", &[0]),
        ("a name that never comes", &[0, 3, 255]),
        ("an unknown ATYP", &[0, 0x7F, 1, 2, 3]),
    ];
    for (name, tail) in tails {
        let mut row = row(5).trailed(tail);
        row.name = format!("REP 05 with {name}");
        rows.push(row);
    }
    rows
}

fn malformed() -> Vec<Row> {
    let row = |name: String, reply: &[u8], field: &'static str, byte: u8| {
        let (dialogue, lines) = answered(reply);
        Row::fails(name, dialogue, lines, Stage::Request, ErrorKind::Malformed { field, byte })
    };
    let mut rows = Vec::new();
    for atyp in [0, 2, 5, 0x7F, 0xFF] {
        let unknown = || row(format!("ATYP {atyp:02X} in a success"), &[5, 0, 0, atyp], "ATYP", atyp);
        rows.extend([unknown(), unknown().trailed(&[0, 0, 0, 0, 0, 0])]);
    }
    for version in [0, 1, 4, b'H', 0xFF] {
        let strange = || row(format!("reply's VER {version:02X}"), &[version], "VER", version);
        rows.extend([strange(), strange().trailed(&[0, 0, 1, 0, 0, 0, 0, 0, 0])]);
    }
    rows
}
