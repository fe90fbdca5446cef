//! SOCKS5, until the request: the METHOD that the proxy chooses (RFC 1928 §3), and its answer to
//! the password (RFC 1929).

use crate::row::{Row, ip};
use crate::support::dialogue::{Dialogue, credentials};
use crate::support::script::{Line, client, proxy};
use anysocks::{Auth, ErrorKind, Stage};

const TARGET: &str = "example.com:80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0Bexample.com\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
const PASSWORD: &[u8] = b"\x01\x02me\x03key";

pub(crate) fn rows() -> Vec<Row> {
    [chosen(), refused(), not_offered(), not_socks(), status()].into_iter().flatten().collect()
}

fn either() -> Auth {
    Auth::password(credentials("me", "key"))
}

fn only() -> Auth {
    Auth::password_only(credentials("me", "key"))
}

fn selection(methods: &[u8], answer: impl Into<Vec<u8>>) -> Vec<Line> {
    let count = u8::try_from(methods.len()).expect("a few");
    vec![client([&[5, count], methods].concat()), proxy(Stage::MethodSelection, answer)]
}

fn chosen() -> Vec<Row> {
    let request = [client(REQUEST), proxy(Stage::Request, REPLY)];
    let password = [client(PASSWORD), proxy(Stage::Authentication, [1, 0])];
    let granted = |name: &str, auth: Auth, lines: Vec<Line>| {
        Row::bound(format!("METHOD: {name}"), Dialogue::v5(auth, TARGET), lines, ip("192.0.2.7:12345"))
    };
    let password_then_none = Auth::password_only(credentials("me", "key")).or(Auth::none()).expect("two");
    vec![
        granted("none", Auth::none(), [&selection(&[0], [5, 0])[..], &request].concat()),
        granted("none of two", either(), [&selection(&[0, 2], [5, 0])[..], &request].concat()),
        granted("password", only(), [&selection(&[2], [5, 2])[..], &password, &request].concat()),
        granted("password of two", either(), [&selection(&[0, 2], [5, 2])[..], &password, &request].concat()),
        granted(
            "none, offered last",
            password_then_none,
            [&selection(&[2, 0], [5, 0])[..], &request].concat(),
        ),
    ]
}

fn refused() -> Vec<Row> {
    let refused = |name: &str, auth: Auth, methods: &[u8]| {
        let lines = selection(methods, [5, 0xFF]);
        let dialogue = Dialogue::v5(auth, TARGET);
        Row::fails(name, dialogue, lines, Stage::MethodSelection, ErrorKind::MethodsRefused)
    };
    vec![
        refused("METHOD FF", Auth::none(), &[0]),
        refused("METHOD FF to two", either(), &[0, 2]),
        refused("METHOD FF to password", only(), &[2]).trailed(b"\x01\x00\x05\x00\x00\x01\0\0\0\0\0\0"),
    ]
}

/// Continuing would send an empty password to a proxy that requires one, or accept a client that
/// is not authenticated.
fn not_offered() -> Vec<Row> {
    let mut rows = Vec::new();
    for (auth, methods, codes) in [
        (Auth::none(), &[0][..], &[1, 2, 3, 0x7F, 0x80, 0xFE][..]),
        (only(), &[2], &[0, 1, 0x80]),
        (either(), &[0, 2], &[1, 0x80, 0xFE]),
    ] {
        for code in codes {
            let name = format!("METHOD {code:02X} chosen of {methods:?}");
            let kind = ErrorKind::MethodNotOffered(*code);
            let dialogue = Dialogue::v5(auth.clone(), TARGET);
            let lines = selection(methods, [5, *code]);
            rows.push(Row::fails(name, dialogue, lines, Stage::MethodSelection, kind));
        }
    }
    rows
}

fn not_socks() -> Vec<Row> {
    let row = |first| {
        let dialogue = Dialogue::v5(either(), TARGET);
        let kind = ErrorKind::NotSocks { first };
        let lines = selection(&[0, 2], [first]);
        Row::fails(format!("selection's VER {first:02X}"), dialogue, lines, Stage::MethodSelection, kind)
    };
    // 01 is what Tor begins with where all is pipelined; here nothing is.
    let early_data = [0, 1, 4, b'H', b'<', 0x15, 0x16, b'S', 0xFF];
    early_data
        .into_iter()
        .flat_map(|first| [row(first), row(first).trailed(b"TTP/1.1 400 Bad\r\n")])
        .collect()
}

fn status() -> Vec<Row> {
    let answered = |answer: &[u8]| {
        let mut lines = selection(&[0, 2], [5, 2]);
        lines.extend([client(PASSWORD), proxy(Stage::Authentication, answer)]);
        (Dialogue::v5(either(), TARGET), lines)
    };
    let refused = |version: u8, status: u8| {
        let (dialogue, lines) = answered(&[version, status]);
        let kind = ErrorKind::PasswordRefused(status);
        let name = format!("STATUS {version:02X} {status:02X}");
        Row::fails(name, dialogue, lines, Stage::Authentication, kind)
    };
    let malformed = |byte: u8| {
        let (dialogue, lines) = answered(&[byte]);
        let kind = ErrorKind::Malformed { field: "VER", byte };
        Row::fails(format!("status VER {byte:02X}"), dialogue, lines, Stage::Authentication, kind)
    };
    let (dialogue, mut lines) = answered(&[5, 0]);
    lines.extend([client(REQUEST), proxy(Stage::Request, REPLY)]);
    let mut rows = vec![Row::bound("STATUS with VER 5", dialogue, lines, ip("192.0.2.7:12345"))];
    for status in [1, 2, 5, 0x7F, 0xFF] {
        rows.extend([refused(1, status), refused(1, status).trailed(b"go away")]);
    }
    rows.extend([refused(5, 1), refused(5, 0xFF).trailed(&[0])]);
    for byte in [0, 2, 4, b'H', 0xFF] {
        rows.extend([malformed(byte), malformed(byte).trailed(&[0])]);
    }
    rows
}
