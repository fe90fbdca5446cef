//! The advice of the example `quickstart` for each kind of failure, caused by a server on loopback
//! or by the arguments.

#[path = "../examples/quickstart/advice.rs"]
mod advice;
#[path = "support/case.rs"]
mod case;
#[path = "../examples/quickstart/in_time.rs"]
mod in_time;
#[path = "../examples/quickstart/story.rs"]
mod story;
#[path = "../examples/quickstart/tunnel.rs"]
mod tunnel;
#[path = "support/watchdog.rs"]
mod watchdog;

use End::{Close, Reset, Silence};
use anysocks::{Error, Proxy, Target};
#[cfg(target_os = "linux")]
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write, sink};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use story::Story;

/// The server's action after its last message.
#[derive(Clone, Copy, Debug)]
enum End {
    Close,
    /// It leaves something unread, which makes a reset of it.
    Reset,
    Silence,
}

/// Answers the first client's messages with these, one by one, and ends so.
fn server(answers: &'static [&'static [u8]], end: End) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        for answer in answers {
            hear(&mut client);
            client.write_all(answer).unwrap();
        }
        match end {
            Close if answers.is_empty() => hear(&mut client),
            Close => {}
            Reset => client.read_exact(&mut [0]).unwrap(),
            Silence => thread::sleep(Duration::from_secs(5)),
        }
    });
    addr
}

/// One message, however long.
fn hear(client: &mut TcpStream) {
    assert_ne!(client.read(&mut [0; 512]).unwrap(), 0, "the client has gone");
}

fn failure(proxy: &Proxy, target: &Target<'_>) -> Error {
    case::limit_test();
    tunnel::open(proxy, target, &mut Story::new(sink())).map(drop).unwrap_err()
}

fn advice(url: &str, target: &str) -> Option<&'static str> {
    let proxy = url.parse::<Proxy>().unwrap().timeout(Duration::from_secs(2));
    let target = target.parse().unwrap();
    advice::what_to_try(&failure(&proxy, &target), &proxy, &target)
}

/// The advice has these words.
#[track_caller]
fn check(given: Option<&str>, words: &str, of: &str) {
    assert!(given.is_some_and(|given| given.contains(words)), "{of}: {given:?}, not {words:?}");
}

const NONE: &[u8] = &[5, 0];

/// BND.ADDR goes to a terminal.
#[test]
fn what_a_proxy_replies_is_escaped() {
    const REPLY: &[u8] = b"\x05\0\0\x03\x0E\x1b[2J\nforged\xe2\x80\xae\0\x50";
    let proxy = Proxy::socks5(server(&[NONE, REPLY], Silence)).unwrap();
    let mut told = Vec::new();
    tunnel::open(&proxy, &NAME.parse().unwrap(), &mut Story::new(&mut told)).unwrap();
    let told = String::from_utf8(told).unwrap();
    assert!(told.ends_with("bound address: \\x1b[2J\\nforged\\xe2\\x80\\xae:80\n"), "{told:?}");
}

const PASSWORD: &[u8] = &[5, 2];
const NAME: &str = "example.com:80";
const V4: &str = "192.0.2.7:80";
const V6: &str = "[2001:db8::7]:80";

/// The scheme and the user of the proxy's URL, the proxy's bytes and its end, the target, and
/// words of the advice.
type Row = (&'static str, &'static [&'static [u8]], End, &'static str, &'static str);

#[test]
fn before_the_request() {
    let rows: &[Row] = &[
        ("socks5h://", &[], Silence, NAME, "may wait for more"),
        ("socks4a://", &[], Silence, NAME, "is it a SOCKS4 proxy"),
        ("socks5h://", &[], Close, NAME, "try socks4a://"),
        ("socks5h://", &[], Reset, NAME, "try socks4a://"),
        ("socks4a://", &[], Close, NAME, "try socks5h://"),
        ("socks4a://", &[], Reset, NAME, "try socks5h://"),
        ("socks5h://", &[b"HTTP/1.1 400"], Close, NAME, "An HTTP proxy"),
        ("socks4a://", &[b"<html>"], Close, NAME, "An HTTP proxy"),
        ("socks5h://", &[b"SSH-2.0-OpenSSH"], Close, NAME, "An SSH server"),
        ("socks5h://", &[b"220 mail"], Close, NAME, "other than SOCKS"),
        ("socks5h://", &[&[0, 91]], Close, NAME, "Try socks4a://."),
        ("socks4a://", &[&[5, 0xff]], Close, NAME, "Try socks5h://."),
        ("socks5h://", &[&[0x15, 3, 3]], Close, NAME, "behind TLS"),
        ("socks5h://", &[&[5, 0xff]], Close, NAME, "wants a user name"),
        ("socks5h://", &[PASSWORD], Close, NAME, "wants a user name"),
        ("socks5h://user:pass@", &[&[5, 0xff]], Close, NAME, "neither a password nor none"),
        ("socks5h://user:pass@", &[&[5, 1]], Close, NAME, "X'01'"),
        ("socks5h://user:pass@", &[PASSWORD, &[1, 1]], Close, NAME, "Are user name and password right?"),
        ("socks5h://user:pass@", &[PASSWORD], Reset, NAME, "Are user name and password right?"),
        ("socks5h://user:pass@", &[PASSWORD], Silence, NAME, "makes of the password"),
        ("socks5h://user:pass@", &[PASSWORD, &[7, 0]], Close, NAME, "breaks the protocol"),
    ];
    check_rows(rows);
}

#[test]
fn of_a_request() {
    let rows: &[Row] = &[
        ("socks5h://", &[NONE], Silence, NAME, "the target does not"),
        ("socks5h://", &[NONE], Reset, NAME, "`ssh -D`"),
        ("socks5h://", &[NONE, b""], Close, NAME, "`ssh -D`"),
        ("socks5h://", &[NONE, &[5, 1, 0, 1]], Close, NAME, "does not say why"),
        ("socks5h://", &[NONE, &[5, 2, 0, 1]], Close, NAME, "forbid"),
        ("socks5h://", &[NONE, &[5, 3, 0, 1]], Close, V6, "does not reach this address"),
        ("socks5h://", &[NONE, &[5, 4, 0, 1]], Close, V4, "does not reach this address"),
        ("socks5h://", &[NONE, &[5, 4, 0, 1]], Close, NAME, "spelled right"),
        ("socks5h://", &[NONE, &[5, 5, 0, 1]], Close, NAME, "Nothing listens at the target"),
        ("socks5h://", &[NONE, &[5, 6, 0, 1]], Close, NAME, "in time"),
        ("socks5h://", &[NONE, &[5, 7, 0, 1]], Close, NAME, "makes no connections"),
        ("socks5h://", &[NONE, &[5, 8, 0, 1]], Close, NAME, "with socks5://"),
        ("socks5h://", &[NONE, &[5, 8, 0, 1]], Close, V6, "try the target's name"),
        ("socks5h://", &[NONE, &[5, 9, 0, 1]], Close, NAME, "No standard"),
        ("socks5h://", &[NONE, &[5, 0xf0, 0, 1]], Close, NAME, "not there at the moment"),
        ("socks5h://", &[NONE, &[5, 0xf7, 0, 1]], Close, NAME, "not there at the moment"),
        ("socks5h://", &[NONE, &[5, 0xf4, 0, 1]], Close, NAME, "ClientOnionAuthDir"),
        ("socks5h://", &[NONE, &[5, 0xf5, 0, 1]], Close, NAME, "ClientOnionAuthDir"),
        ("socks5h://", &[NONE, &[5, 0xf6, 0, 1]], Close, NAME, "without a slip"),
        ("socks4a://", &[&[0, 91, 0, 0, 0, 0, 0, 0]], Close, NAME, "knows no SOCKS4a"),
        ("socks4a://", &[&[0, 91, 0, 0, 0, 0, 0, 0]], Close, V4, "With socks5h:// it may say which"),
        ("socks4a://", &[&[0, 92, 0, 0, 0, 0, 0, 0]], Close, V4, "identd"),
        ("socks4a://", &[&[0, 93, 0, 0, 0, 0, 0, 0]], Close, V4, "identd"),
    ];
    check_rows(rows);
}

#[track_caller]
fn check_rows(rows: &[Row]) {
    let name = |(prefix, answers, end, target, _): &Row| format!("{prefix} {answers:02x?} {end:?} {target}");
    case::at_once(rows, name, |row| {
        let (prefix, answers, end, target, words) = row;
        check(advice(&format!("{prefix}{}", server(answers, *end)), target), words, &name(row));
    });
}

#[test]
fn without_a_proxy() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(advice(&format!("socks5h://{nobody}"), NAME), "is this its port?", "nobody listens");
    let unknown = "socks5h://proxy.invalid:1080";
    check(advice(unknown, NAME), "The proxy itself has no address", unknown);
    let unknown = "socks5://127.0.0.1:1080";
    check(advice(unknown, "target.invalid:80"), "With socks5h://", unknown);
}

/// The listener's backlog is full, and Linux does not answer further connections.
#[cfg(target_os = "linux")]
#[test]
fn nobody_answers() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let addr = listener.local_addr().unwrap().as_socket().unwrap();
    let _waiting: Vec<_> =
        (0..2).map(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(100))).collect();
    check(advice(&format!("socks5h://{addr}"), NAME), "a firewall between", "a full queue");
}

#[cfg(unix)]
#[test]
fn at_a_path() {
    use std::fs::{Permissions, remove_file, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::{UnixListener, UnixStream};

    let path = std::env::temp_dir().join(format!("anysocks-advice-{}", std::process::id()));
    let url = format!("socks5h+unix://{}", path.display());
    check(advice(&url, NAME), "is this its path?", "no socket");
    let listener = UnixListener::bind(&path).unwrap();
    set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    // To root nothing is forbidden.
    let forbidden = UnixStream::connect(&path).is_err().then(|| advice(&url, NAME));
    drop(listener);
    set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    let left = advice(&url, NAME);
    remove_file(&path).unwrap();
    if let Some(forbidden) = forbidden {
        check(forbidden, "This user may not", "a forbidden socket");
    }
    check(left, "no process listens on it", "a socket that was left");
}

#[test]
fn nothing_leaves_in_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    for scheme in ["socks5s", "socks5h+tls", "socks5+tls", "socks4a+tls"] {
        let user = if scheme == "socks4a+tls" { "user" } else { "user:pass" };
        let url = format!("{scheme}://{user}@{}", listener.local_addr().unwrap());
        check(advice(&url, NAME), "tls_proxy", &url);
    }
    assert!(listener.accept().is_err(), "somebody came");
}

#[test]
fn what_no_request_carries() {
    let name = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
    for url in ["socks5://127.0.0.1:1", "socks4://127.0.0.1:1"] {
        for name in [format!("{name}:80"), format!("{name}.:80"), "a.Onion:80".to_owned()] {
            check(advice(url, &name), "Try socks5h://", &name);
        }
    }
    check(advice("socks4a://127.0.0.1:1", V6), "Try socks5h://", V6);
}

/// `localhost` may have an IPv6 address too.
#[test]
fn socks4_is_asked_for_an_ipv4_address() {
    let url = format!("socks4://{}", server(&[&[0, 91, 0, 0, 0, 0, 0, 0]], Close));
    check(advice(&url, "localhost:80"), "The proxy does not reach the target", &url);
}

#[test]
fn texts_that_are_not_read() {
    for (url, words) in [
        ("socks5h://user:p@ss/word@host:1080", "%2F"),
        ("socks5h://user:ss/word@host:1080", "%2F"),
        ("socks5h://user:p#ss@host", "%23"),
        ("socks4a://user:pass@host:1080", "A user id stands alone"),
    ] {
        check(advice::on_url(&url.parse::<Proxy>().unwrap_err(), url), words, url);
    }
    for url in ["http://user:pass@host:1080", "socks5h://user:pass@host:1080/path", "socks5h://host:port"] {
        assert_eq!(advice::on_url(&url.parse::<Proxy>().unwrap_err(), url), None, "{url}");
    }
    for target in ["example.com", "https://example.com/", "example.com:http"] {
        check(advice::on_target(&target.parse::<Target<'_>>().unwrap_err()), "example.com:80", target);
    }
    assert!(advice::NO_PAGE.contains("TLS"));
}
