//! Servers that are no SOCKS proxies, or refuse the client: what is printed, on every front end.

use super::{at_once, everywhere, proxy};
use crate::fronts::Front;
use anysocks::{Error, Proxy};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// Reads the client's first message.
fn heard(client: &mut TcpStream) {
    let _ = client.read(&mut [0; 64]);
}

fn closes(mut client: TcpStream) {
    heard(&mut client);
}

fn resets(mut client: TcpStream) {
    heard(&mut client);
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("a socket");
}

/// Answers, and reads until the client closes the connection, so that the answer is not lost.
fn answers(mut client: TcpStream, answer: &[u8]) {
    heard(&mut client);
    client.write_all(answer).expect("a client that listens");
    let _ = client.read_to_end(&mut Vec::new());
}

type Connect = fn(&Front, SocketAddr) -> Error;

fn failed<T>(outcome: Result<T, Error>) -> Error {
    outcome.err().expect("a failure")
}

fn at(addr: SocketAddr) -> Proxy {
    Proxy::socks5(addr).expect("a proxy").timeout(Duration::from_secs(1))
}

fn at4(addr: SocketAddr) -> Proxy {
    Proxy::socks4(addr).expect("a proxy").timeout(Duration::from_secs(1))
}

const CONNECT: Connect = |front, addr| failed((front.connect5)(&at(addr), "a.example:80"));
const CONNECT4: Connect = |front, addr| failed((front.connect4)(&at4(addr), "a.example:80"));
const BIND: Connect = |front, addr| failed((front.bind5)(&at(addr), "a.example:80"));
const BIND4: Connect = |front, addr| failed((front.bind4)(&at4(addr), "a.example:80"));
const ASSOCIATE: Connect = |front, addr| failed((front.associate)(&at(addr)));

fn password(addr: SocketAddr) -> Proxy {
    at(addr).password_only("user", "secret").expect("credentials")
}

fn isolated(addr: SocketAddr) -> Proxy {
    at(addr).isolated("secret").expect("a token")
}

const WITH_PASSWORD: Connect = |front, addr| failed((front.connect5)(&password(addr), "a.example:80"));
const ISOLATED: Connect = |front, addr| failed((front.connect5)(&isolated(addr), "a.example:80"));

/// The message, without the proxy and the target, which every row has.
fn assert_says(front: &Front, connect: Connect, addr: SocketAddr, expected: &str) {
    let error = connect(front, addr);
    let shown = error.to_string();
    let url = error.proxy().expect("a proxy");
    let named = match error.target() {
        Some(target) => format!("proxy {url}, target {target}: "),
        None => format!("proxy {url}: "),
    };
    assert_eq!(shown.strip_prefix(&*named), Some(expected), "{shown}");
    assert!(error.target().is_none_or(|target| target == "a.example:80"), "{shown}");
    let debug = format!("{error:?}");
    assert!(debug.ends_with(&format!(": {error:#}")) && !debug.contains("secret"), "{debug}");
}

const SILENCE: &str = "timed out: the server accepted the connection and sent nothing";

#[test]
fn a_server_that_waits_for_more() {
    let addr = proxy(|client| {
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(5));
            drop(client);
        });
    });
    let silent5 = format!("method selection {SILENCE}: is it an HTTP proxy, or does it expect TLS?");
    let silent4 =
        format!("request {SILENCE}: is it an HTTP proxy, does it expect TLS, or does the target not answer?");
    at_once(|front| {
        for (connect, expected) in [(CONNECT, &silent5), (BIND, &silent5), (CONNECT4, &silent4)] {
            assert_says(front, connect, addr, expected);
        }
    });
    at_once(|front| {
        for (connect, expected) in [(ASSOCIATE, &silent5), (BIND4, &silent4)] {
            assert_says(front, connect, addr, expected);
        }
    });
}

/// One byte is an answer.
#[test]
fn a_proxy_that_falls_silent() {
    let addr = proxy(|mut client| {
        thread::spawn(move || {
            let _ = client.write_all(&[5]);
            thread::sleep(Duration::from_secs(5));
        });
    });
    at_once(|front| assert_says(front, CONNECT, addr, "method selection timed out"));
}

#[test]
fn a_server_that_answers_or_closes() {
    let closed =
        "the proxy closed the connection before it answered: is it an HTTP proxy, does it expect TLS,";
    let closed5 = format!("method selection failed: {closed} or does it refuse this client?");
    let closed4 = format!("request failed: {closed} or does it refuse the request?");
    let reset5 =
        "method selection failed: is it an HTTP proxy, does it expect TLS, or does it refuse this client?";
    let reset4 = "request failed: is it an HTTP proxy, does it expect TLS, or does it refuse the request?";
    let http = "found an HTTP server, not a SOCKS proxy: the answer begins with X'48'";
    let tls = "found a TLS server, not a bare SOCKS proxy: the answer begins with X'15'";
    let (http5, http4) = (format!("method selection {http}"), format!("request {http}"));
    let (tls5, tls4) = (format!("method selection {tls}"), format!("request {tls}"));
    let none = "method selection refused: the proxy accepts none of the methods offered";
    let unnamed = format!("{none}: no user name and password were offered, and it may require them");
    let only = format!("{none}: only a password was offered");
    let token = format!("{none}: only a password was offered, because `isolated` does so: is it Tor?");
    let wrong = "authentication refused: wrong user name or password (status X'01')";
    let wrong_token = format!("{wrong}: `isolated` replaces the password by a token: is it Tor?");

    let closing = proxy(closes);
    let resetting = proxy(resets);
    let http = proxy(|client| answers(client, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let tls = proxy(|client| answers(client, &[0x15, 3, 1, 0, 2, 2, 10]));
    let refusing = proxy(|client| answers(client, &[5, 0xFF]));
    let denying = proxy(|mut client| {
        heard(&mut client);
        client.write_all(&[5, 2]).expect("a client that listens");
        answers(client, &[1, 1]);
    });
    everywhere(|front| {
        for (connect, addr, expected) in [
            (CONNECT, closing, &*closed5),
            (BIND, closing, &closed5),
            (ASSOCIATE, closing, &closed5),
            (CONNECT4, closing, &closed4),
            (BIND4, closing, &closed4),
            (CONNECT, resetting, reset5),
            (ASSOCIATE, resetting, reset5),
            (CONNECT4, resetting, reset4),
            (CONNECT, http, &http5),
            (ASSOCIATE, http, &http5),
            (CONNECT4, http, &http4),
            (CONNECT, tls, &tls5),
            (CONNECT4, tls, &tls4),
            (CONNECT, refusing, &unnamed),
            (BIND, refusing, &unnamed),
            (ASSOCIATE, refusing, &unnamed),
            (WITH_PASSWORD, refusing, &only),
            (ISOLATED, refusing, &token),
            (WITH_PASSWORD, denying, wrong),
            (ISOLATED, denying, &wrong_token),
        ] {
            assert_says(front, connect, addr, expected);
        }
    });
}
