//! `anysocks udp`.

mod support;

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use support::{Running, anysocks, expect, rest};

const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy whose targets echo datagrams with a suffix. The datagram `end` ends its association.
struct Proxy {
    url: String,
    /// The number of connections.
    accepted: Arc<AtomicUsize>,
}

/// What the proxy does with a connection after the last association that it grants.
#[derive(Clone, Copy)]
enum Then {
    Close,
    SendNothing,
}

fn associations(grants: usize, then: Then) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for client in listener.incoming() {
            let client = client.expect("a client");
            if count.fetch_add(1, Ordering::SeqCst) < grants {
                std::thread::spawn(move || serve(client));
            } else if let Then::SendNothing = then {
                silent.push(client);
            }
        }
    });
    Proxy { url: format!("socks5h://{addr}"), accepted }
}

fn serve(mut client: TcpStream) {
    let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
    expect(&mut client, &[5, 1, 0]);
    client.write_all(&[5, 0]).expect("an open connection");
    expect(&mut client, &[5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
    let port = relay.local_addr().expect("an address").port().to_be_bytes();
    client.write_all(&[&[5, 0, 0, 1, 127, 0, 0, 1][..], &port].concat()).expect("a client");
    let control = client.try_clone().expect("a socket");
    std::thread::spawn(move || {
        let mut datagram = [0; 512];
        while let Ok((n, from)) = relay.recv_from(&mut datagram) {
            if datagram[..n].ends_with(b"end") {
                let _ = control.shutdown(Shutdown::Both);
                return;
            }
            let answer = [&datagram[..n], b" back"].concat();
            relay.send_to(&answer, from).expect("an open socket");
        }
    });
    rest(&mut client);
}

/// A local client, which waits for an answer up to the limit.
fn client(local: &str) -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.connect(local).expect("an address");
    client
}

/// Two local clients have an association each, and get their own answers.
#[test]
fn udp() {
    let Proxy { url, .. } = associations(usize::MAX, Then::Close);
    let mut program = Running::start(&mut anysocks(&["udp", "--json", "-x", &url, "192.0.2.1:53"]));
    let printed = program.line().parse::<Value>().expect("JSON");
    let local = printed["listen"].as_str().expect("an address").to_owned();
    let clients = ["one", "two"].map(|word| (client(&local), word));
    for _ in 0..3 {
        for (client, word) in &clients {
            client.send(word.as_bytes()).expect("an open socket");
        }
        for (client, word) in &clients {
            let mut datagram = [0; 512];
            let n = client.recv(&mut datagram).expect("an answer");
            assert_eq!(&datagram[..n], format!("{word} back").as_bytes());
        }
    }
}

/// More clients than the program serves at a time, each with another port.
#[test]
fn many_udp_clients() {
    let Proxy { url, .. } = associations(usize::MAX, Then::Close);
    let mut program = Running::start(&mut anysocks(&["udp", "-x", &url, "192.0.2.1:53"]));
    let local = program.line();
    let mut clients = Vec::new();
    for word in 0..80_u8 {
        clients.push(client(&local));
        // The first client is never idle for long.
        for client in [&clients[0], &clients[usize::from(word)]] {
            client.send(&[word]).expect("an open socket");
            let mut datagram = [0; 512];
            let n = client.recv(&mut datagram).expect("an answer");
            assert_eq!(&datagram[..n], &[&[word][..], b" back"].concat());
        }
    }
}

/// The errors of associations are shown without a terminal too. A proxy that fails gets a
/// connection attempt after each pause, and not one for each datagram.
#[test]
fn a_refused_udp_client() {
    // Some clients send each datagram from another port.
    for each_from_another_port in [false, true] {
        let proxy = associations(1, Then::Close);
        let mut program = Running::start(&mut anysocks(&["udp", "-x", &proxy.url, "192.0.2.1:53"]));
        let local = program.line();
        let errors = lines(program.0.stderr.take().expect("a pipe"));
        let mut sender = client(&local);
        let addr = sender.local_addr().expect("an address");
        sender.send(b"word").expect("an open socket");
        let printed = errors.recv().expect("an error");
        assert!(printed.starts_with(&format!("anysocks: {addr}: proxy {}: ", proxy.url)), "{printed}");
        assert!(printed.ends_with(" (no new association for 1 s)"), "{printed}");
        // The next error is that of an attempt after the pause.
        let (mut sent, mut next) = (0, None);
        while sent < 100 || next.is_none() {
            if each_from_another_port {
                sender = client(&local);
            }
            sender.send(b"word").expect("an open socket");
            sent += 1;
            next = errors.recv_timeout(Duration::from_millis(5)).ok().or(next);
        }
        // The test ends after two minutes at the latest, in which there are 9 pauses.
        let accepted = proxy.accepted.load(Ordering::SeqCst);
        assert!((3..=12).contains(&accepted), "{accepted} connections for {sent} datagrams");
    }
}

/// Many proxies end an idle association. That is no failure, so a new client is served at once.
#[test]
fn an_association_that_has_worked() {
    let Proxy { url, .. } = associations(usize::MAX, Then::Close);
    let mut program = Running::start(&mut anysocks(&["udp", "-x", &url, "192.0.2.1:53"]));
    let local = program.line();
    let errors = lines(program.0.stderr.take().expect("a pipe"));
    for _ in 0..3 {
        let client = client(&local);
        client.send(b"word").expect("an open socket");
        let mut datagram = [0; 512];
        let n = client.recv(&mut datagram).expect("an answer");
        assert_eq!(&datagram[..n], b"word back");
        client.send(b"end").expect("an open socket");
        let printed = errors.recv().expect("an error");
        let addr = client.local_addr().expect("an address");
        assert!(printed.starts_with(&format!("anysocks: {addr}: ")), "{printed}");
        assert!(!printed.contains("no new association"), "{printed}");
    }
}

/// A proxy that sends nothing gets one connection attempt for each client that the program serves
/// at a time. Each datagram comes from another port.
#[test]
fn a_silent_proxy() {
    const MOST: usize = 1 + 64;
    let proxy = associations(1, Then::SendNothing);
    let arguments = ["udp", "--timeout", "100", "-x", &proxy.url, "192.0.2.1:53"];
    let mut program = Running::start(&mut anysocks(&arguments));
    let local = program.line();
    let clients: Vec<_> = (0..100).map(|_| client(&local)).collect();
    let accepted = || proxy.accepted.load(Ordering::SeqCst);
    // The system may drop datagrams.
    while accepted() < MOST {
        for client in &clients {
            client.send(b"word").expect("an open socket");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // Requests that would replace others.
    for client in &clients {
        client.send(b"word").expect("an open socket");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(accepted(), MOST);
}

/// Passes on the lines that a program prints.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (to_test, lines) = channel();
    std::thread::spawn(move || {
        BufReader::new(from).lines().try_for_each(|line| to_test.send(line?).map_err(io::Error::other))
    });
    lines
}

/// A datagram that can't be sent does not end the association. Its error is printed once, and again
/// after an answer. Other systems refuse to send such a long datagram in the test.
#[cfg(target_os = "linux")]
#[test]
fn a_datagram_that_is_too_long() {
    let Proxy { url, .. } = associations(usize::MAX, Then::Close);
    let mut program = Running::start(&mut anysocks(&["udp", "-x", &url, "192.0.2.1:53"]));
    let local = program.line();
    let errors = lines(program.0.stderr.take().expect("a pipe"));
    let client = client(&local);
    client.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    // It leaves no room for a header.
    let longest = vec![0; 65507];
    let addr = client.local_addr().expect("an address");
    let expected = format!("anysocks: {addr}: a datagram of 65507 bytes was not sent: ");
    client.send(&longest).expect("an open socket");
    let printed = errors.recv().expect("an error");
    assert!(printed.starts_with(&expected), "{printed}");
    client.send(&longest).expect("an open socket");
    let mut datagram = [0; 512];
    // The system may drop datagrams.
    let n = loop {
        client.send(b"word").expect("an open socket");
        if let Ok(n) = client.recv(&mut datagram) {
            break n;
        }
    };
    assert_eq!(&datagram[..n], b"word back");
    assert_eq!(errors.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
    client.send(&longest).expect("an open socket");
    let printed = errors.recv_timeout(PATIENCE).expect("an error");
    assert!(printed.starts_with(&expected), "{printed}");
}
