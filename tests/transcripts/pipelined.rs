//! SOCKS5 with all of the client's messages in one write, and answers that arrive before they are
//! expected.

use crate::row::{Row, ip, name};
use crate::support::dialogue::{Dialogue, credentials};
use crate::support::script::{Line, client, proxy};
use anysocks::{Address, Auth, ErrorKind, Reply, Stage};

const TARGET: &str = "a.b:80";
const NONE: &[u8] = b"\x05\x01\x00\x05\x01\x00\x03\x03a.b\x00\x50";
const PASSWORD: &[u8] = b"\x05\x01\x02\x01\x02me\x03key\x05\x01\x00\x03\x03a.b\x00\x50";
const IPV4: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
const NAME: &[u8] = b"\x05\x00\x00\x03\x03xyz\x30\x39";
const EMPTY_NAME: &[u8] = b"\x05\x00\x00\x03\x00\x30\x39";
const IPV6: &[u8] = b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\x30\x39";

pub(crate) fn rows() -> Vec<Row> {
    [granted(), failed(), strange()].into_iter().flatten().collect()
}

fn none() -> Dialogue {
    Dialogue::v5(Auth::none().pipelined(true), TARGET)
}

fn password() -> Dialogue {
    Dialogue::v5(Auth::password_only(credentials("me", "key")).pipelined(true), TARGET)
}

fn selection(answer: impl Into<Vec<u8>>) -> Line {
    proxy(Stage::MethodSelection, answer)
}

fn status(answer: impl Into<Vec<u8>>) -> Line {
    proxy(Stage::Authentication, answer)
}

fn reply(answer: impl Into<Vec<u8>>) -> Line {
    proxy(Stage::Request, answer)
}

fn granted() -> Vec<Row> {
    let replies: [(&str, &[u8], Address); 4] = [
        ("IPv4", IPV4, ip("192.0.2.7:12345")),
        ("IPv6", IPV6, ip("[2001:db8::7]:12345")),
        ("a name", NAME, name(b"xyz", 12345)),
        ("an empty name", EMPTY_NAME, name(b"", 12345)),
    ];
    let mut rows = Vec::new();
    for (kind, answer, bound) in replies {
        let all = vec![client(NONE), selection([5, 0]), reply(answer)];
        rows.push(Row::bound(format!("pipelined none, {kind}"), none(), all, bound.clone()));
        let all = vec![client(PASSWORD), selection([5, 2]), status([1, 0]), reply(answer)];
        rows.push(Row::bound(format!("pipelined password, {kind}"), password(), all, bound.clone()));
        let all = vec![client(PASSWORD), selection([5, 2]), status([5, 0]), reply(answer)];
        rows.push(Row::bound(format!("pipelined password, VER 5, {kind}"), password(), all, bound.clone()));
        // Tor, when all has come before it looked: it leaves the selection out.
        let all = vec![client(PASSWORD), status([1, 0]), reply(answer)];
        rows.push(Row::bound(format!("pipelined password at Tor, {kind}"), password(), all, bound));
    }
    rows
}

fn failed() -> Vec<Row> {
    let fails = |name: &str, dialogue, lines: &[Line], stage, kind| {
        Row::fails(format!("pipelined: {name}"), dialogue, lines.to_vec(), stage, kind)
    };
    let selecting = Stage::MethodSelection;
    let refused = |code| ErrorKind::Refused(Reply::V5(code));
    vec![
        fails(
            "METHOD FF",
            none(),
            &[client(NONE), selection([5, 0xFF])],
            selecting,
            ErrorKind::MethodsRefused,
        )
        .trailed(b"\x05\x01\x00\x01\0\0\0\0\0\0"),
        fails(
            "METHOD 2 unasked",
            none(),
            &[client(NONE), selection([5, 2])],
            selecting,
            ErrorKind::MethodNotOffered(2),
        ),
        fails(
            "METHOD 0 unasked",
            password(),
            &[client(PASSWORD), selection([5, 0])],
            selecting,
            ErrorKind::MethodNotOffered(0),
        )
        .trailed(IPV4),
        // No password was sent that a STATUS could be about.
        fails(
            "a STATUS unasked",
            none(),
            &[client(NONE), selection([1])],
            selecting,
            ErrorKind::NotSocks { first: 1 },
        )
        .trailed(&[0]),
        fails("SOCKS4", none(), &[client(NONE), selection([0])], selecting, ErrorKind::NotSocks { first: 0 })
            .trailed(&[91, 0, 0, 0, 0, 0, 0]),
        fails(
            "STATUS 1",
            password(),
            &[client(PASSWORD), selection([5, 2]), status([1, 1])],
            Stage::Authentication,
            ErrorKind::PasswordRefused(1),
        )
        .trailed(b"\x05\x01\x00\x01\0\0\0\0\0\0"),
        fails(
            "STATUS 1 at Tor",
            password(),
            &[client(PASSWORD), status([1, 1])],
            Stage::Authentication,
            ErrorKind::PasswordRefused(1),
        ),
        fails("REP 5", none(), &[client(NONE), selection([5, 0]), reply([5, 5])], Stage::Request, refused(5)),
        fails(
            "REP F0 at Tor",
            password(),
            &[client(PASSWORD), status([1, 0]), reply([5, 0xF0])],
            Stage::Request,
            refused(0xF0),
        )
        .trailed(b"\x00\x01\0\0\0\0\0\0"),
    ]
}

/// Invalid answers at each position where a client with a pipelined password reads.
fn strange() -> Vec<Row> {
    let malformed = |field, byte| ErrorKind::Malformed { field, byte };
    let selected = vec![client(PASSWORD), selection([5, 2])];
    let verified = vec![client(PASSWORD), selection([5, 2]), status([1, 0])];
    let skipped = vec![client(PASSWORD), status([1, 0])];
    let mut rows = Vec::new();
    let mut row = |name: String, mut before: Vec<Line>, answer: Line, stage, kind| {
        before.push(answer);
        rows.push(Row::fails(format!("pipelined password: {name}"), password(), before, stage, kind));
    };
    for first in [0, 4, b'H', 0xFF] {
        let kind = ErrorKind::NotSocks { first };
        let lines = vec![client(PASSWORD)];
        row(format!("begins with {first:02X}"), lines, selection([first]), Stage::MethodSelection, kind);
    }
    for version in [0, 2, b'H'] {
        let kind = malformed("VER", version);
        row(
            format!("STATUS's VER {version:02X}"),
            selected.clone(),
            status([version]),
            Stage::Authentication,
            kind,
        );
    }
    for (name, before) in [("", verified), (" at Tor", skipped)] {
        for version in [0, 1, 4, b'H'] {
            let kind = malformed("VER", version);
            row(
                format!("reply's VER {version:02X}{name}"),
                before.clone(),
                reply([version]),
                Stage::Request,
                kind,
            );
        }
        let kind = malformed("ATYP", 9);
        row(format!("reply's ATYP 09{name}"), before.clone(), reply([5, 0, 0, 9]), Stage::Request, kind);
    }
    rows
}
