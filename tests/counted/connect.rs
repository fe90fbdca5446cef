//! What `connect` costs beside the handshake: system calls, and allocations.
//!
//! `strace` counts the calls of this same test, which runs again with the address of a proxy and a
//! number of connections in its environment. The proxy is in the first process, so its calls do
//! not count. It answers late, because an answer that waits already would save the client a call.

use crate::allocations::counted;
use crate::strace;
use crate::support::case::{Case, limit_test};
use crate::support::left_out::left_out;
use anysocks::{Proxy, blocking};
use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const TARGET: &str = "www.example.com:443";
/// A proxy's URL, and the number of connections through it.
const WORK: [&str; 2] = ["ANYSOCKS_COUNTED_PROXY", "ANYSOCKS_COUNTED_CONNECTIONS"];
const FEW: usize = 4;
const MANY: usize = 24;
const TRACED: &str =
    "trace=%network,read,readv,write,writev,fcntl,ioctl,close,ppoll,?poll,?epoll_wait,epoll_pwait,epoll_ctl";

/// The URLs of a proxy, before and after its address.
const URLS: [(&str, &str); 3] =
    [("socks5h://", "no authentication"), ("socks5h://me:key@", "a password"), ("socks4a://me@", "SOCKS4a")];

/// Serves each client by what it begins with, until the process ends.
fn serve() -> SocketAddr {
    limit_test();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a client");
            thread::spawn(move || answer(&client));
        }
    });
    addr
}

fn answer(mut client: &TcpStream) {
    let mut message = [0; 64];
    while let Ok(1..) = client.read(&mut message) {
        let answer: &[u8] = match message {
            [4, ..] => b"\x00\x5A\0\0\0\0\0\0",
            [5, 1, 0, 3, ..] => b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39",
            [5, 1, ..] => b"\x05\x00",
            [5, 2, ..] => b"\x05\x02",
            _ => b"\x01\x00",
        };
        thread::sleep(Duration::from_millis(5));
        client.write_all(answer).expect("a client that listens");
    }
}

/// Returns the number of system calls of one connection.
fn system_calls(test: &str, url: &str) -> Option<usize> {
    let [few, many] = [FEW, MANY].map(|number| {
        let variables = WORK.into_iter().zip([url.to_owned(), number.to_string()]);
        strace::calls(test, TRACED, variables)
    });
    // Rounded up: a part of a call would be a call of some connections.
    Some((many? - few?).div_ceil(MANY - FEW))
}

/// Fails if a connection by the function takes more calls than `most` has for each URL. With debug
/// assertions, the standard library and tokio make `checks` more.
fn check(test: &str, most: [usize; 3], checks: usize, connect: impl Fn(&Proxy)) {
    if let [Ok(url), Ok(number)] = WORK.map(env::var) {
        let proxy = url.parse().expect("a URL");
        (0..number.parse().expect("a number")).for_each(|_: usize| connect(&proxy));
        return;
    }
    let addr = serve();
    for ((scheme, what), most) in URLS.into_iter().zip(most) {
        let Some(calls) = system_calls(test, &format!("{scheme}{addr}")) else {
            return left_out(test, "strace is not installed");
        };
        let _case = Case::new(format!("{what}: {calls} system calls"));
        let most = most + if cfg!(debug_assertions) { checks } else { 0 };
        // A late client finds an answer, and waits less often.
        assert!(calls <= most && calls > most / 2);
    }
}

#[test]
fn system_calls_on_blocking() {
    check("connect::system_calls_on_blocking", [14, 17, 10], 1, |proxy| {
        blocking::AnyStream::connect(proxy, TARGET).expect("a tunnel");
    });
}

#[test]
fn system_calls_on_blocking_without_a_deadline() {
    check("connect::system_calls_on_blocking_without_a_deadline", [9, 11, 6], 1, |proxy| {
        blocking::AnyStream::connect(proxy.clone().timeout(None), TARGET).expect("a tunnel");
    });
}

#[cfg(feature = "tokio")]
#[test]
fn system_calls_on_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    check("connect::system_calls_on_tokio", [15, 18, 11], 2, |proxy| {
        runtime.block_on(anysocks::tokio::AnyStream::connect(proxy, TARGET)).expect("a tunnel");
    });
}

#[test]
fn allocations_on_blocking() {
    let text = format!("socks5h://{}", serve());
    let proxy: Proxy = text.parse().expect("a URL");
    let connect = || blocking::Socks5Stream::connect(&proxy, TARGET).expect("a tunnel");
    connect();
    let (by_proxy, _) = counted(connect);
    let (by_text, _) = counted(|| blocking::Socks5Stream::connect(&*text, TARGET).expect("a tunnel"));
    assert_eq!((by_proxy, by_text), (1, 2), "by a Proxy, by a text");
}

/// Watching a socket takes tokio one.
#[cfg(feature = "tokio")]
#[test]
fn allocations_on_tokio() {
    use crate::allocations::counted_polls;
    use anysocks::tokio::{Connector, Socks5Stream};
    let text = format!("socks5h://{}", serve());
    let proxy: Proxy = text.parse().expect("a URL");
    let connector = Connector::new(proxy.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        Socks5Stream::connect(&proxy, TARGET).await.expect("a tunnel");
        let (by_proxy, stream) = counted_polls(Socks5Stream::connect(&proxy, TARGET)).await;
        stream.expect("a tunnel");
        let (by_text, stream) = counted_polls(Socks5Stream::connect(&*text, TARGET)).await;
        stream.expect("a tunnel");
        let (by_connector, stream) = counted_polls(connector.connect(TARGET)).await;
        stream.expect("a tunnel");
        assert_eq!((by_proxy, by_text, by_connector), (2, 3, 2), "by a Proxy, by a text, by a Connector");
    });
}

#[test]
fn a_clone_of_a_proxy_allocates_nothing() {
    let proxy: Proxy = "socks5h://me:key@192.0.2.1".parse().expect("a URL");
    assert_eq!(counted(|| proxy.clone()).0, 0);
}
