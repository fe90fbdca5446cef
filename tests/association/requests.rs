//! The client's messages of an association.

use crate::scene::{
    REQUEST_V4, Scene, Setting, at_once, datagram, everywhere, local, name_field, reply, selection,
};
use crate::support::clock::assert_on_time;
use crate::support::script::{Line, client, proxy};
use crate::support::server::Server;
use anysocks::udp::Options;
use anysocks::{ErrorKind, Proxy, Reply, Stage};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Datagrams go both ways.
fn works(scene: &Scene) {
    scene.socket.send_to(b"there", "192.0.2.7:53").expect("sent");
    assert_eq!(scene.heard(), datagram("192.0.2.7:53", b"there"));
    scene.relays("192.0.2.7:53", b"and back");
    let (payload, source) = scene.received(64);
    assert_eq!((&payload[..], source.to_string().as_str()), (&b"and back"[..], "192.0.2.7:53"));
}

/// The family of the zeros is that of the TCP connection; the scene's proxy takes no others.
#[test]
fn zeros() {
    everywhere(|front| {
        for (setting, at) in [Setting::default(), Setting::v6()].into_iter().zip(LOOPBACK) {
            let scene = setting.open(front);
            let socket = &scene.socket;
            assert_eq!(socket.relay_addr(), local(&scene.relay));
            assert_eq!(socket.bound_addr().socket_addr(), Some(local(&scene.relay)));
            assert_eq!(socket.local_addr().ip(), at);
            assert_eq!(socket.peer(), None);
            works(&scene);
        }
    });
}

/// A source that is declared is the one that is sent from.
#[test]
fn a_declared_source() {
    everywhere(|front| {
        for (at, source) in [
            (LOOPBACK[0], "127.0.0.1:0"),
            (LOOPBACK[0], "0.0.0.0:0"),
            (LOOPBACK[0], "[::]:0"),
            (LOOPBACK[1], "[::1]:0"),
            (LOOPBACK[1], "[::]:0"),
            (LOOPBACK[1], "0.0.0.0:0"),
        ] {
            let relay = UdpSocket::bind((at, 0)).expect("a port");
            let granted = reply(&local(&relay).to_string());
            let server = Server::start_at(at, selection().to_vec(), move |mut control| {
                let mut request = vec![0; if at.is_ipv4() { 10 } else { 22 }];
                control.read_exact(&mut request).expect("a request");
                control.write_all(&granted).expect("a client");
                (request, control.try_clone().expect("a handle"))
            });
            let source = source.parse::<SocketAddr>().expect("an address");
            let proxy = server.proxy().udp(Options::new().source(source));
            let socket = (front.associate)(&proxy).expect("an association");
            let (request, control) = server.join();
            let from = socket.local_addr();
            assert!(from.ip() == at && from.port() != 0, "{from}");
            assert_eq!(request, [&[5, 3, 0][..], &crate::scene::field(&from.to_string())].concat());
            works(&Scene::new(socket, relay, control));
        }
    });
}

/// A port that is given is sent from. It was free a moment ago.
#[test]
fn a_declared_port() {
    everywhere(|front| {
        let source = local(&UdpSocket::bind("127.0.0.1:0").expect("a port"));
        let options = Options::new().source(source);
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let request = [&[5, 3, 0][..], &crate::scene::field(&source.to_string())].concat();
        let granted = reply(&local(&relay).to_string());
        let lines = [selection().to_vec(), vec![client(request), proxy(Stage::Request, granted)]].concat();
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let socket = (front.associate)(&server.proxy().udp(options)).expect("an association");
        assert_eq!(socket.local_addr(), source);
        works(&Scene::new(socket, relay, server.join()));
    });
}

/// A source that is not an address of this machine: no request is sent.
#[test]
fn a_source_of_another_machine() {
    everywhere(|front| {
        let server = Server::start(Vec::new(), |mut control| control.read(&mut [0; 64]).expect("an end"));
        let source = "192.0.2.7:0".parse::<SocketAddr>().expect("an address");
        let error =
            (front.associate)(&server.proxy().udp(Options::new().source(source))).expect_err("no socket");
        assert_eq!(error.stage(), Stage::Association, "{error}");
        assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
        assert_eq!(server.join(), 0, "something was said");
    });
}

/// The local address that the proxy is dialled from is where datagrams go from, too.
#[cfg(target_os = "linux")]
#[test]
fn a_local_address() {
    everywhere(|front| {
        let from = SocketAddr::from(([127, 0, 0, 9], 0));
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let answer = [client(REQUEST_V4), proxy(Stage::Request, reply(&local(&relay).to_string()))];
        let lines = [selection(), answer].concat();
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let socket = (front.associate)(&server.proxy().local_addr(from)).expect("an association");
        assert_eq!(socket.local_addr().ip(), from.ip());
        works(&Scene::new(socket, relay, server.join()));
    });
}

/// Datagrams don't leave from another address than the one that was set.
#[test]
fn a_local_address_of_the_other_family() {
    everywhere(|front| {
        let from = SocketAddr::from(([127, 0, 0, 1], 0));
        let answer = [client(REQUEST_V4), proxy(Stage::Request, reply("[::1]:9"))];
        let server = Server::start([selection(), answer].concat(), |_| ());
        let error = (front.associate)(&server.proxy().local_addr(from)).expect_err("no way to the relay");
        server.join();
        assert_eq!(error.stage(), Stage::Association);
        let ErrorKind::Io(cause) = error.kind() else { panic!("{error:?}") };
        assert_eq!(cause.kind(), std::io::ErrorKind::InvalidInput);
        let sentence = "the local address 127.0.0.1 is IPv4 and can't reach an IPv6 address";
        assert_eq!(cause.to_string(), sentence);
    });
}

#[test]
fn with_a_password() {
    everywhere(|front| {
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let granted = proxy(Stage::Request, reply(&local(&relay).to_string()));
        let password = b"\x01\x02me\x03key";
        let in_turns = vec![
            client([5, 2, 0, 2]),
            proxy(Stage::MethodSelection, [5, 2]),
            client(*password),
            proxy(Stage::Authentication, [1, 0]),
            client(REQUEST_V4),
            granted.clone(),
        ];
        let pipelined = vec![
            client([&[5, 1, 2][..], password, REQUEST_V4].concat()),
            proxy(Stage::MethodSelection, [5, 2]),
            proxy(Stage::Authentication, [1, 0]),
            granted,
        ];
        let credentials = || crate::support::dialogue::credentials("me", "key");
        for (auth, lines) in [
            (anysocks::Auth::password(credentials()), in_turns),
            (anysocks::Auth::password_only(credentials()).pipelined(true), pipelined),
        ] {
            let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
            let proxy = server.proxy().auth(auth).expect("SOCKS5");
            let socket = (front.associate)(&proxy).expect("an association");
            works(&Scene::new(socket, relay.try_clone().expect("a handle"), server.join()));
        }
    });
}

/// Only a reply is accepted, and every other answer has the same error as for CONNECT.
#[test]
fn refused() {
    everywhere(|front| {
        let fails = |answer: &[u8]| {
            let lines = [selection(), [client(REQUEST_V4), proxy(Stage::Request, answer)]].concat();
            let server = Server::start(lines, |_| ());
            let error = (front.associate)(&server.proxy()).expect_err("no association");
            server.join();
            assert_eq!(error.stage(), Stage::Request);
            assert!(error.proxy().is_some(), "{error}");
            error
        };
        assert_eq!(fails(&[5, 7, 0, 1, 0, 0, 0, 0, 0, 0]).reply(), Some(Reply::COMMAND_NOT_SUPPORTED));
        let malformed = fails(&[5, 0, 0, 9, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(malformed.kind(), ErrorKind::Malformed { field: "ATYP", byte: 9 }), "{malformed:?}");
        let cut = fails(&[5, 0, 0, 1]);
        assert!(matches!(cut.kind(), ErrorKind::EndedEarly { received: 4 }), "{cut:?}");
    });
}

#[test]
fn a_proxy_that_says_nothing() {
    let limit = Duration::from_secs(1);
    at_once(|front| {
        let server = Server::start(selection().to_vec(), |mut control| {
            std::io::copy(&mut control, &mut std::io::sink()).expect("an end")
        });
        let started = Instant::now();
        let error = (front.associate)(&server.proxy().timeout(limit)).expect_err("no association");
        assert!(error.is_timeout() && error.stage() == Stage::Request, "{error}");
        assert_on_time(started, limit);
        assert_eq!(server.join(), 10, "a request, and an end");
    });
}

/// SOCKS4 has no such command.
#[test]
fn not_with_socks4() {
    everywhere(|front| {
        let error =
            (front.associate)(&Proxy::socks4("127.0.0.1:9").expect("a proxy")).expect_err("no association");
        assert_eq!(error.stage(), Stage::Preparation);
        assert!(
            matches!(error.kind(), ErrorKind::Invalid(anysocks::Invalid::WrongVersion { .. })),
            "{error:?}"
        );
    });
}

/// A proxy behind a Unix-domain socket is on this machine, and so is its relay.
#[cfg(unix)]
#[test]
fn a_unix_domain_socket() {
    let path = std::env::temp_dir().join(format!("anysocks-association-{}", std::process::id()));
    everywhere(|front| {
        for (at, told) in [
            (LOOPBACK[0], "127.0.0.1"),
            (LOOPBACK[0], "0.0.0.0"),
            (LOOPBACK[1], "[::1]"),
            (LOOPBACK[1], "[::]"),
        ] {
            let relay = UdpSocket::bind((at, 0)).expect("a port");
            let granted = reply(&format!("{told}:{}", local(&relay).port()));
            let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
            let proxy = std::thread::spawn(move || {
                let (control, _) = listener.accept().expect("a client");
                let mut control = std::net::TcpStream::from(std::os::fd::OwnedFd::from(control));
                let mut heard = [0; 3 + REQUEST_V4.len()];
                control.read_exact(&mut heard[..3]).expect("a greeting");
                control.write_all(&[5, 0]).expect("a client");
                control.read_exact(&mut heard[3..]).expect("a request");
                control.write_all(&granted).expect("a client");
                (heard, control)
            });
            let socket = (front.associate)(&Proxy::socks5(&*path).expect("a proxy")).expect("an association");
            let (heard, control) = proxy.join().expect("a proxy that is content");
            assert_eq!(heard[3..], *REQUEST_V4);
            assert_eq!(socket.relay_addr(), local(&relay));
            std::fs::remove_file(&path).expect("the socket's path");
            let scene = Scene::new(socket, relay, control);
            works(&scene);
            drop(scene.control);
            let ended = scene.socket.closed();
            assert!(
                matches!(crate::scene::inner(&ended).kind(), ErrorKind::AssociationEnded(_)),
                "{ended:?}"
            );
        }
    });
}

/// The name of the relay that a proxy gives may be any bytes.
#[test]
fn the_bound_address_as_it_was_sent() {
    everywhere(|front| {
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = local(&relay).port();
        let granted = [&[5, 0, 0][..], &name_field(b"\xFFrelay", port)].concat();
        let lines: Vec<Line> = [selection(), [client(REQUEST_V4), proxy(Stage::Request, granted)]].concat();
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let options = Options::new().relay(anysocks::udp::Relay::ProxyAddress);
        let socket = (front.associate)(&server.proxy().udp(options)).expect("an association");
        assert_eq!(socket.bound_addr(), &anysocks::Address::Name(b"\xFFrelay".to_vec().into(), port));
        assert_eq!(socket.relay_addr(), local(&relay));
        works(&Scene::new(socket, relay, server.join()));
    });
}
