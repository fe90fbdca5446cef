//! The clients of a forwarder: those with its secrets, and others.

use super::messages::{PASSWORD, Speaks, subnegotiation};
use super::scene::{TARGET, deserted, saying};
use super::{PATIENCE, assert_word, started};
use anysocks::ErrorKind;
use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5Stream, Socks5UdpSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// User name and password out of the URL.
fn secrets(forwarder: &Forwarder) -> (String, String) {
    let url = forwarder.url();
    let (user, rest) = url.strip_prefix("socks5h://").and_then(|url| url.split_once(':')).expect("a user");
    let (password, _) = rest.split_once('@').expect("a password");
    (user.to_owned(), password.to_owned())
}

/// A connection to the forwarder, let in.
pub(super) async fn admitted(forwarder: &Forwarder) -> TcpStream {
    let (user, password) = secrets(forwarder);
    let mut client = TcpStream::connect(forwarder.addr()).await.expect("a listener");
    client.write_all(&[5, 1, 2]).await.expect("an open stream");
    client.write_all(&subnegotiation(&user, &password)).await.expect("an open stream");
    let mut answers = [0; 4];
    client.read_exact(&mut answers).await.expect("answers");
    assert_eq!(answers, [5, 2, 1, 0]);
    client
}

/// All bytes until the forwarder closes the connection.
pub(super) async fn to_the_end(client: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match timeout(PATIENCE, client.read_to_end(&mut all)).await.expect("an end") {
        Ok(_) => {}
        // What it has not read resets the connection.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    all
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let forwarder = started(Connector::direct()).await;
    let (user, password) = secrets(&forwarder);
    let url = |user: &str, password: &str| format!("socks5h://{user}:{password}@{}", forwarder.addr());
    let wrong = format!("{}x", &password[1..]);
    for (user, password) in [
        (&*user, &*wrong),
        (&user, &password[1..]),
        (&user, &format!("{password}0")),
        (&user, &password.to_uppercase().replace(|digit: char| digit.is_ascii_digit(), "A")),
        (&format!("{user}0"), &password),
        (&password, &user),
        ("user", &password),
    ] {
        let refused = Socks5Stream::connect(url(user, password), TARGET).await.expect_err("a refusal");
        assert!(matches!(refused.kind(), ErrorKind::PasswordRefused(1)), "{refused:?}");
    }
    let at = format!("socks5h://{}", forwarder.addr());
    let refused = Socks5Stream::connect(&*at, TARGET).await.expect_err("a refusal");
    assert!(matches!(refused.kind(), ErrorKind::MethodsRefused), "{refused:?}");
    let refused = Socks5UdpSocket::associate(&*at).await.expect_err("a refusal");
    assert!(matches!(refused.kind(), ErrorKind::MethodsRefused), "{refused:?}");
    // A client with both secrets is still accepted.
    let target = saying(vec![], "target");
    assert_word(&forwarder, &target.to_string(), "target").await;
}

#[tokio::test]
async fn each_forwarder_has_its_own_password() {
    let (one, two) = (started(Connector::direct()).await, started(Connector::direct()).await);
    let ((user, password), (other_user, other)) = (secrets(&one), secrets(&two));
    assert_eq!((&*user, &*other_user), ("anysocks", "anysocks"));
    assert!(password != other);
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    assert!(password.len() == 64 && password.bytes().all(is_digit), "{password}");
    assert!(one.addr().ip().is_loopback());
    assert_eq!(one.url(), format!("socks5h://anysocks:{password}@{}", one.addr()));
}

#[tokio::test]
async fn only_the_url_shows_the_password() {
    let (addr, _socket) = deserted();
    let builder = Forwarder::builder(Connector::new(Speaks::Password.at(addr)));
    let mut shown = vec![format!("{builder:?} {builder:#?}")];
    let forwarder = builder.start().await.expect("a forwarder");
    shown.push(format!("{forwarder:?} {forwarder:#?}"));
    assert!(shown[1].contains(&forwarder.addr().to_string()), "{shown:?}");
    // Nothing listens at the proxy's address, so clients get errors.
    let url = forwarder.url();
    let unconnected = Socks5Stream::connect(&*url, TARGET).await.expect_err("a refusal");
    let unassociated = Socks5UdpSocket::associate(&*url).await.expect_err("a refusal");
    for error in [unconnected, unassociated] {
        shown.push(format!("{error} {error:#} {error:?} {error:#?} {:?}", error.proxy()));
    }
    let (_, password) = secrets(&forwarder);
    for secret in [PASSWORD, &password, &password[..16], &password[48..]] {
        assert!(shown.iter().all(|shown| !shown.contains(secret)), "{shown:?}");
    }
}

#[tokio::test]
async fn requests_that_cannot_be() {
    let forwarder = started(Connector::direct()).await;
    for (request, code) in [
        (&b"\x05\x02\0\x01\xC0\0\x02\x01\0\x50"[..], 7),
        (b"\x05\x09\0\x01\xC0\0\x02\x01\0\x50", 7),
        (b"\x05\x01\0\x02", 8),
        (b"\x05\x01\0\x00", 8),
        (b"\x05\x01\0\x03\0\0\x50", 1),
        (b"\x05\x01\0\x03\x02\xFF\xFE\0\x50", 1),
        (b"\x05\x01\0\x03\x03a\0b\0\x50", 1),
    ] {
        let mut client = admitted(&forwarder).await;
        client.write_all(request).await.expect("an open stream");
        assert_eq!(to_the_end(&mut client).await, [5, code, 0, 1, 0, 0, 0, 0, 0, 0], "{request:?}");
    }
    let mut client = admitted(&forwarder).await;
    client.write_all(b"\x04\x01\0\x50").await.expect("an open stream");
    assert!(to_the_end(&mut client).await.is_empty());
}

#[tokio::test]
async fn clients_that_are_none() {
    let forwarder = started(Connector::direct()).await;
    let zeros = [0; 300];
    for (said, answer) in [
        (&b""[..], &b""[..]),
        (b"\x05", b""),
        (b"\x05\x01", b""),
        (b"\x05\x00", b"\x05\xFF"),
        (b"\x05\x02\x00\x01", b"\x05\xFF"),
        (b"\x05\x01\xFF", b"\x05\xFF"),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01\0a\0", b"\x05\xFF"),
        (b"\x05\x01\x02\x01", b"\x05\x02"),
        (b"\x05\x01\x02\x01\x00\x00", b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02\x05\x01a\x01b", b"\x05\x02\x01\x01"),
        (&zeros, b"\x05\xFF"),
    ] {
        let mut client = TcpStream::connect(forwarder.addr()).await.expect("a listener");
        client.write_all(said).await.expect("an open stream");
        client.shutdown().await.expect("an open stream");
        let heard = to_the_end(&mut client).await;
        // A reset may discard the bytes before it.
        assert!(heard == answer || (heard.is_empty() && said.len() > 2), "{said:?}: {heard:?}");
    }
    let target = saying(vec![], "target");
    assert_word(&forwarder, &target.to_string(), "target").await;
}

#[tokio::test]
async fn a_slow_client_keeps_nobody_waiting() {
    let forwarder = started(Connector::direct()).await;
    let target = saying(vec![], "target");
    let mut slow = TcpStream::connect(forwarder.addr()).await.expect("a listener");
    let (user, password) = secrets(&forwarder);
    let said =
        [&[5, 1, 2][..], &subnegotiation(&user, &password), &Speaks::Socks5.request(1, &target.to_string())];
    for (at, byte) in said.concat().iter().enumerate() {
        slow.write_all(&[*byte]).await.expect("an open stream");
        if at % 20 == 0 {
            assert_word(&forwarder, &target.to_string(), "target").await;
        }
    }
    let heard = to_the_end(&mut slow).await;
    assert!(
        heard.starts_with(b"\x05\x02\x01\x00\x05\x00\x00\x01") && heard.ends_with(b"target"),
        "{heard:?}"
    );
}
