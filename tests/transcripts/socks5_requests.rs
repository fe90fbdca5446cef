//! The client's SOCKS5 messages: each kind of target (RFC 1928 §4, §5), and each length of user
//! name and password (RFC 1929 §2).

use crate::row::{Row, ip};
use crate::support::dialogue::{Dialogue, credentials};
use crate::support::script::{client, proxy};
use anysocks::{Auth, Credentials, Stage};

const REPLY: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

pub(crate) fn rows() -> Vec<Row> {
    [targets(), passwords()].into_iter().flatten().collect()
}

fn targets() -> Vec<Row> {
    let row = |name: &str, target: &str, address: &[u8]| {
        let request = [&[5, 1, 0], address].concat();
        let lines = vec![
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(request),
            proxy(Stage::Request, REPLY),
        ];
        let dialogue = Dialogue::v5(Auth::none(), target);
        Row::bound(format!("target: {name}"), dialogue, lines, ip("0.0.0.0:0"))
    };
    let longest = "h".repeat(255);
    let mapped = b"\x04\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\x02\x01\x01\xBB";
    vec![
        row("IPv4", "192.0.2.1:443", b"\x01\xC0\0\x02\x01\x01\xBB"),
        row("IPv6", "[2001:db8::1]:443", b"\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xBB"),
        row(
            "IPv6 with an IPv4 tail",
            "[64:ff9b::192.0.2.1]:443",
            b"\x04\0\x64\xFF\x9B\0\0\0\0\0\0\0\0\xC0\0\x02\x01\x01\xBB",
        ),
        row("IPv4-mapped", "[::ffff:192.0.2.1]:443", mapped),
        row("a name of one byte", "a:443", b"\x03\x01a\x01\xBB"),
        row(
            "a name of 255 bytes",
            &format!("{longest}:1"),
            &[b"\x03\xFF", longest.as_bytes(), b"\0\x01"].concat(),
        ),
        row("a trailing dot", "example.com.:80", b"\x03\x0Cexample.com.\0\x50"),
        row("localhost", "localhost:80", b"\x03\x09localhost\0\x50"),
        row("an onion name", "duckduckgo.onion:80", b"\x03\x10duckduckgo.onion\0\x50"),
        row("punycode", "xn--bcher-kva.example:80", b"\x03\x15xn--bcher-kva.example\0\x50"),
        row("port 0", "example.com:0", b"\x03\x0Bexample.com\0\0"),
        row("port 65535", "192.0.2.1:65535", b"\x01\xC0\0\x02\x01\xFF\xFF"),
    ]
}

fn passwords() -> Vec<Row> {
    let longest = "h".repeat(255);
    let row = |credentials: Credentials, user: &[u8], password: &[u8]| {
        let (ulen, plen) = (u8::try_from(user.len()), u8::try_from(password.len()));
        let (ulen, plen) = (ulen.expect("255 at most"), plen.expect("255 at most"));
        let lines = vec![
            client([5, 1, 2]),
            proxy(Stage::MethodSelection, [5, 2]),
            client([&[1, ulen], user, &[plen], password].concat()),
            proxy(Stage::Authentication, [1, 0]),
            client([b"\x05\x01\0\x03\xFF", longest.as_bytes(), b"\x01\xBB"].concat()),
            proxy(Stage::Request, REPLY),
        ];
        let dialogue = Dialogue::v5(Auth::password_only(credentials), &format!("{longest}:443"));
        Row::bound(format!("user name of {ulen} bytes, password of {plen}"), dialogue, lines, ip("0.0.0.0:0"))
    };
    // Both may contain any byte, also a NUL and invalid UTF-8.
    let lengths = [(1, 1), (1, 0), (1, 255), (255, 0), (255, 1), (255, 255), (128, 128)];
    let mut rows: Vec<_> = lengths
        .into_iter()
        .map(|(user, password)| (vec![0xFF; user], vec![0; password]))
        .map(|(user, password)| row(credentials(&user, &password), &user, &password))
        .collect();
    let nameless = Credentials::without_user("key").expect("a password");
    rows.push(row(nameless, b"", b"key"));
    rows
}
