//! SOCKS5a below the connector of hyper and below a forwarder.

#![allow(dead_code, unused_imports, reason = "each set of features uses a part of it")]

use crate::parts::{EAF, PASSWORD, TARGET, TOL, jitter, password, plain_tol, proxy, token, tol};
use crate::payload;
use crate::reference::{Server, Setup};
use crate::support::case::Case;
use anysocks::socks5a::{Obfuscation, Sequence};
use anysocks::tokio::Connector;
use anysocks::{Auth, Proxy};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

fn auths() -> [(Auth, &'static [u8]); 3] {
    let sequence =
        Sequence::new().then(token()).and_then(|all| all.then(tol(Obfuscation::Full(jitter(1, 2)))));
    let sequence = sequence.and_then(|all| all.then(password())).expect("each once");
    [
        (token().auth(), &[EAF]),
        (plain_tol(), &[TOL]),
        (sequence.auth().expect("METHODs"), &[EAF, TOL, PASSWORD]),
    ]
}

fn server() -> Server {
    Server::start(Setup { sequence: vec![EAF, TOL, PASSWORD, 0], ..Setup::default() })
}

async fn assert_echo(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), len: usize) {
    let payload = payload(len);
    let mut heard = vec![0; len];
    let (mut reads, mut writes) = tokio::io::split(stream);
    let sending = async {
        writes.write_all(&payload).await.expect("an open stream");
        writes.flush().await.expect("an open stream");
    };
    let ((), read) = tokio::join!(sending, reads.read_exact(&mut heard));
    read.expect("an echo");
    assert!(heard == payload, "an echo of {len} bytes is not what was sent");
}

#[cfg(feature = "hyper")]
#[tokio::test]
async fn below_hyper() {
    use tower_service::Service;
    for (auth, methods) in auths() {
        let _case = Case::new(format!("{auth:?}"));
        let server = server();
        let mut connector = Connector::new(proxy(server.addr, auth));
        let uri = "http://example.com/".parse::<http::Uri>().expect("a URI");
        let mut stream = connector.call(uri).await.expect("a connection").into_inner();
        assert_echo(&mut stream, 100_000).await;
        drop(stream);
        assert_eq!(server.finish().only().methods, methods);
    }
}

/// The client of the forwarder knows nothing of SOCKS5a.
#[cfg(feature = "forward")]
#[tokio::test]
async fn below_a_forwarder() {
    use anysocks::forward::Forwarder;
    use anysocks::tokio::{Socks5Stream, Socks5UdpSocket};
    for (auth, methods) in auths() {
        let _case = Case::new(format!("{auth:?}"));
        let server = server();
        let forwarder =
            Forwarder::start(Connector::new(proxy(server.addr, auth))).await.expect("a forwarder");
        let local: Proxy = forwarder.url().parse().expect("a proxy");
        let mut stream = Socks5Stream::connect(&local, TARGET).await.expect("a tunnel");
        assert_echo(&mut stream, 100_000).await;
        let socket = Socks5UdpSocket::associate(&local).await.expect("an association");
        socket.send_to(b"hello", "192.0.2.7:53").await.expect("sent");
        let mut buf = [0; 64];
        let (n, source) = socket.recv_from(&mut buf).await.expect("an echo");
        assert_eq!((&buf[..n], source.to_string().as_str()), (&b"hello"[..], "192.0.2.7:53"));
        drop((stream, socket, forwarder));
        let connections = server.stop().clean();
        assert!(connections.iter().all(|connection| connection.methods == methods), "{connections:?}");
        assert_eq!(connections.len(), 2);
    }
}
