//! BIND in both versions: a first reply, and a second one when the peer has connected.

use crate::row::{Row, ip, name};
use crate::support::dialogue::{Dialogue, credentials};
use crate::support::script::{Line, client, proxy};
use anysocks::{Address, Auth, ErrorKind, Reply, Stage};

pub(crate) fn rows() -> Vec<Row> {
    [v5(), v5_authenticated(), v5_fails(), v4(), v4_fails()].into_iter().flatten().collect()
}

const PEER: &str = "192.0.2.1:80";
const REQUEST: &[u8] = b"\x05\x02\x00\x01\xC0\x00\x02\x01\x00\x50";
const FIRST: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
const SECOND: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x01\x9C\x40";

fn second(reply: impl Into<Vec<u8>>) -> Line {
    proxy(Stage::SecondReply, reply)
}

fn lines(request: &[u8], first: &[u8], last: &[u8]) -> Vec<Line> {
    vec![
        client([5, 1, 0]),
        proxy(Stage::MethodSelection, [5, 0]),
        client(request),
        proxy(Stage::Request, first),
        second(last),
    ]
}

/// Each form of an address, in the first reply and in the second.
fn v5() -> Vec<Row> {
    let longest = [b"\x05\x00\x00\x03\xFF".as_slice(), &[0xFE; 255], b"\x30\x39"].concat();
    let replies: [(&str, &[u8], Address); 9] = [
        ("IPv4", b"\x05\x00\x00\x01\xC6\x33\x64\x02\x30\x39", ip("198.51.100.2:12345")),
        (
            "IPv6",
            b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\x30\x39",
            ip("[2001:db8::7]:12345"),
        ),
        ("a name", b"\x05\x00\x00\x03\x03a.b\x30\x39", name(b"a.b", 12345)),
        ("an empty name", b"\x05\x00\x00\x03\x00\x30\x39", name(b"", 12345)),
        ("the longest name", &longest, name(&[0xFE; 255], 12345)),
        ("zeros", b"\x05\x00\x00\x01\0\0\0\0\x30\x39", ip("0.0.0.0:12345")),
        ("zeros of IPv6", b"\x05\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x30\x39", ip("[::]:12345")),
        ("nothing but zeros", b"\x05\x00\x00\x01\0\0\0\0\0\0", ip("0.0.0.0:0")),
        ("RSV FF", b"\x05\x00\xFF\x01\xC6\x33\x64\x02\x30\x39", ip("198.51.100.2:12345")),
    ];
    let dialogue = || Dialogue::v5(Auth::none(), PEER);
    let mut rows = Vec::new();
    for (form, reply, address) in replies {
        let (bound, peer) = (ip("192.0.2.7:12345"), ip("192.0.2.1:40000"));
        let first = lines(REQUEST, reply, SECOND);
        rows.push(Row::accepted(format!("BIND, first {form}"), dialogue(), first, address.clone(), peer));
        let last = lines(REQUEST, FIRST, reply);
        rows.push(Row::accepted(format!("BIND, then {form}"), dialogue(), last, bound, address));
    }
    let (bound, peer) = (ip("192.0.2.7:12345"), ip("192.0.2.1:40000"));
    let requests: [(&str, &[u8]); 3] = [
        ("ftp.example:21", b"\x05\x02\x00\x03\x0Bftp.example\x00\x15"),
        ("[2001:db8::1]:21", b"\x05\x02\x00\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x15"),
        ("0.0.0.0:0", b"\x05\x02\x00\x01\0\0\0\0\0\0"),
    ];
    for (expected_peer, request) in requests {
        let dialogue = Dialogue::v5(Auth::none(), expected_peer);
        let lines = lines(request, FIRST, SECOND);
        rows.push(Row::accepted(
            format!("BIND for {expected_peer}"),
            dialogue,
            lines,
            bound.clone(),
            peer.clone(),
        ));
    }
    rows
}

fn v5_authenticated() -> Vec<Row> {
    let password = || Auth::password_only(credentials("me", "key"));
    let (bound, peer) = (ip("192.0.2.7:12345"), ip("192.0.2.1:40000"));
    let replies = [proxy(Stage::Request, FIRST), second(SECOND)];
    let answers = [proxy(Stage::MethodSelection, [5, 2]), proxy(Stage::Authentication, [1, 0])];
    let [selection, status] = answers.clone();
    let in_turns =
        [client([5, 1, 2]), selection, client(*b"\x01\x02me\x03key"), status, client(REQUEST)].to_vec();
    let at_once = vec![client([b"\x05\x01\x02\x01\x02me\x03key", REQUEST].concat())];
    let pipelined = [at_once, answers.to_vec(), replies.to_vec()].concat();
    vec![
        Row::accepted(
            "BIND with a password",
            Dialogue::v5(password(), PEER),
            [in_turns, replies.to_vec()].concat(),
            bound.clone(),
            peer.clone(),
        ),
        Row::accepted(
            "BIND, pipelined",
            Dialogue::v5(password().pipelined(true), PEER),
            pipelined,
            bound,
            peer,
        ),
    ]
}

fn v5_fails() -> Vec<Row> {
    let fails = |name: String, reply: &[u8], kind| {
        let dialogue = Dialogue::v5(Auth::none(), PEER).bind();
        Row::fails(
            format!("BIND, then {name}"),
            dialogue,
            lines(REQUEST, FIRST, reply),
            Stage::SecondReply,
            kind,
        )
    };
    let mut rows = Vec::new();
    for code in [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x5B, 0xF0, 0xFF] {
        let refused = || fails(format!("REP {code:02X}"), &[5, code], ErrorKind::Refused(Reply::V5(code)));
        rows.extend([refused(), refused().trailed(b"\x00\x01\0\0\0\0\0\0")]);
    }
    for byte in [0, 1, 4, b'H', 0xFF] {
        let version =
            || fails(format!("VER {byte:02X}"), &[byte], ErrorKind::Malformed { field: "VER", byte });
        rows.extend([version(), version().trailed(b"\x00\x00\x01\0\0\0\0\0\0")]);
    }
    for byte in [0, 2, 5, 0xFF] {
        let kind = || ErrorKind::Malformed { field: "ATYP", byte };
        let atyp = || fails(format!("ATYP {byte:02X}"), &[5, 0, 0, byte], kind());
        rows.extend([atyp(), atyp().trailed(b"\0\0\0\0\0\0")]);
    }
    // The first reply is not any other one.
    let first = vec![
        client([5, 1, 0]),
        proxy(Stage::MethodSelection, [5, 0]),
        client(REQUEST),
        proxy(Stage::Request, [5, 7]),
    ];
    let dialogue = Dialogue::v5(Auth::none(), PEER).bind();
    let refused = ErrorKind::Refused(Reply::COMMAND_NOT_SUPPORTED);
    rows.push(Row::fails("BIND refused", dialogue, first, Stage::Request, refused));
    rows
}

const REQUEST4: &[u8] = b"\x04\x02\x00\x50\xC0\x00\x02\x01me\0";
const FIRST4: &[u8] = b"\x00\x5A\x30\x39\xC0\x00\x02\x07";

fn lines4(request: &[u8], first: &[u8], last: &[u8]) -> Vec<Line> {
    vec![client(request), proxy(Stage::Request, first), second(last)]
}

fn v4() -> Vec<Row> {
    let accepted = |name: &str, peer: &str, lines, bound: &str, from: &str| {
        let dialogue = Dialogue::v4("me", peer);
        Row::accepted(format!("SOCKS4 BIND, {name}"), dialogue, lines, ip(bound), ip(from))
    };
    let second = b"\x00\x5A\x9C\x40\xC0\x00\x02\x01";
    vec![
        accepted("VN 0", PEER, lines4(REQUEST4, FIRST4, second), "192.0.2.7:12345", "192.0.2.1:40000"),
        accepted(
            "VN 4",
            PEER,
            lines4(REQUEST4, b"\x04\x5A\x30\x39\xC0\x00\x02\x07", b"\x04\x5A\x9C\x40\xC0\x00\x02\x01"),
            "192.0.2.7:12345",
            "192.0.2.1:40000",
        ),
        accepted(
            "first zeros",
            PEER,
            lines4(REQUEST4, b"\x00\x5A\x30\x39\0\0\0\0", second),
            "0.0.0.0:12345",
            "192.0.2.1:40000",
        ),
        accepted(
            "then zeros",
            PEER,
            lines4(REQUEST4, FIRST4, b"\x00\x5A\0\0\0\0\0\0"),
            "192.0.2.7:12345",
            "0.0.0.0:0",
        ),
        accepted(
            "a name",
            "a.b:80",
            lines4(b"\x04\x02\x00\x50\0\0\0\x01me\0a.b\0", FIRST4, second),
            "192.0.2.7:12345",
            "192.0.2.1:40000",
        ),
        accepted(
            "whoever it is",
            "0.0.0.0:0",
            lines4(b"\x04\x02\0\0\0\0\0\0me\0", FIRST4, second),
            "192.0.2.7:12345",
            "192.0.2.1:40000",
        ),
    ]
}

fn v4_fails() -> Vec<Row> {
    let fails = |name: String, reply: &[u8], kind| {
        let dialogue = Dialogue::v4("me", PEER).bind();
        let lines = lines4(REQUEST4, FIRST4, reply);
        Row::fails(format!("SOCKS4 BIND, then {name}"), dialogue, lines, Stage::SecondReply, kind)
    };
    let mut rows = Vec::new();
    for code in [0, 1, 89, 91, 92, 93, 0xFF] {
        let refused = || fails(format!("CD {code}"), &[0, code], ErrorKind::Refused(Reply::V4(code)));
        rows.extend([refused(), refused().trailed(&[0; 6])]);
    }
    rows.push(fails("VN 4, CD 91".into(), &[4, 91], ErrorKind::Refused(Reply::REJECTED)));
    for first in [1, 5, b'H', 90, 0xFF] {
        let other = || fails(format!("VN {first:02X}"), &[first], ErrorKind::NotSocks { first });
        rows.extend([other(), other().trailed(b"\x5A\0\0\0\0\0\0")]);
    }
    let dialogue = Dialogue::v4("me", PEER).bind();
    let refused = vec![client(REQUEST4), proxy(Stage::Request, [0, 91])];
    let kind = ErrorKind::Refused(Reply::REJECTED);
    rows.push(Row::fails("SOCKS4 BIND refused", dialogue, refused, Stage::Request, kind));
    rows
}
