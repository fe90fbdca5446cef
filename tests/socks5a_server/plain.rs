//! The crate's clients without SOCKS5a against this server: CONNECT, BIND, UDP ASSOCIATE,
//! refusals.

use crate::case::limit_test;
use crate::socks5a::{Address, Fault, Reply, Server, Setup};
use anysocks::blocking::{Socks5Listener, Socks5Stream, Socks5UdpSocket};
use anysocks::{Auth, Credentials, Proxy};
use std::io::{Read, Write};
use std::time::Duration;

fn proxy(server: &Server) -> Proxy {
    let credentials = Credentials::new("user", "password").expect("credentials");
    let proxy = Proxy::socks5(server.addr).expect("a proxy");
    proxy.auth(Auth::password(credentials)).expect("a METHOD of SOCKS5")
}

#[test]
fn each_command() {
    limit_test();
    let server = Server::start(Setup::default());
    let mut stream = Socks5Stream::connect(proxy(&server), "a.example:80").expect("a stream");
    stream.write_all(b"echo").expect("an open stream");
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).expect("an echo");
    assert_eq!(echo, *b"echo");
    drop(stream);

    let mut listener = Socks5Listener::bind(proxy(&server), "192.0.2.1:0").expect("a listener");
    drop(listener.accept().expect("a peer"));

    let socket = Socks5UdpSocket::associate(proxy(&server)).expect("an association");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    socket.send_to(b"payload", "192.0.2.9:53").expect("sent");
    let mut buffer = [0; 64];
    let (length, source) = socket.recv_from(&mut buffer).expect("an echo");
    assert_eq!((&buffer[..length], source.to_string().as_str()), (&b"payload"[..], "192.0.2.9:53"));
    drop(socket);

    let connections = server.finish().clean();
    let commands: Vec<_> = connections.iter().map(|connection| connection.requests[0].command).collect();
    assert_eq!(commands, [1, 2, 3]);
    assert_eq!(connections[0].requests[0].address, Address::Name(b"a.example".into()));
    assert_eq!(connections[2].payloads, [b"payload"]);
}

#[test]
fn refusal() {
    limit_test();
    let faults = vec![Fault::Reply(0, Reply::refused(5))];
    let server = Server::start(Setup { faults, ..Setup::default() });
    let error = Socks5Stream::connect(proxy(&server), "a.example:80").expect_err("a refusal");
    assert!(error.to_string().contains("refused"), "{error}");
    server.finish().only();
}
