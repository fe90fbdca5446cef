//! The front end for any futures-io stream: its client of several requests, and delays without a
//! clock of its own.

use crate::client::{setup, target};
use crate::parts::{EAF, TOL, password, plain_tol, token, tol};
use crate::reference::{Dummies, Fault, Reply, Server, Setup};
use crate::scene::{error, invalid};
use crate::support::blocked::{Executor, OnAsyncIo};
use crate::support::case::Case;
use anysocks::futures::{Socks5Client, Socks5Stream};
use anysocks::protocol::Timer;
use anysocks::socks5a::{Jitter, Obfuscation, Session};
use anysocks::{Auth, Error, ErrorKind, Invalid};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::TcpStream;
use std::time::{Duration, Instant};

async fn open(server: &Server, auth: &Auth) -> Result<Socks5Client<TcpStream>, Error> {
    let stream = TcpStream::connect(server.addr).await.expect("a connection");
    Socks5Client::handshake(stream, auth).await
}

async fn assert_echoed(stream: &mut Socks5Stream<TcpStream>) {
    let mut heard = [0; 5];
    stream.write_all(b"hello").await.expect("an open stream");
    stream.flush().await.expect("an open stream");
    stream.read_exact(&mut heard).await.expect("an echo");
    assert_eq!(&heard, b"hello");
}

/// Each call, on one connection.
#[test]
fn requests() {
    for (auth, method) in [(token().auth(), EAF), (plain_tol(), TOL)] {
        let _case = Case::new(format!("{auth:?}"));
        let server = Server::start(setup());
        OnAsyncIo::run(async {
            let mut client = open(&server, &auth).await.expect("a connection");
            assert_eq!(client.session::<Session>().expect("a session").methods(), [method]);
            client.keep_alive().await.expect("a reply");
            assert_eq!(client.resolve("db.example").await.expect("an address").to_string(), "192.0.2.53");
            assert_eq!(client.resolve("192.0.2.7").await.expect("itself").to_string(), "192.0.2.7");
            // A mistake changes nothing.
            let unix = anysocks::UnixName::new("/s").map(anysocks::Host::Unix).expect("a path");
            assert_eq!(invalid(client.resolve(unix).await), Invalid::TargetOfCommand("DNS_RESOLVE"));
            let id = client.pool_new(target()).await.expect("an identifier");
            assert_echoed(&mut client.pool_get(&id).await.expect("a tunnel")).await;
            let client = open(&server, &auth).await.expect("a connection");
            assert_echoed(&mut client.connect(target()).await.expect("a tunnel")).await;
        });
        let connections = server.finish().clean();
        let commands = connections.iter().map(|own| own.requests.iter().map(|own| own.command));
        let commands: Vec<Vec<_>> = commands.map(Iterator::collect).collect();
        assert_eq!(commands, [vec![4, 5, 6, 7], vec![1]]);
    }
}

#[test]
fn refusals() {
    for auth in [token().auth(), plain_tol()] {
        let _case = Case::new(format!("{auth:?}"));
        let faults = vec![Fault::Reply(1, Reply::with_details(0x0A, 7, "slower"))];
        let server = Server::start(Setup { faults, ..setup() });
        OnAsyncIo::run(async {
            let mut client = open(&server, &auth).await.expect("a connection");
            client.keep_alive().await.expect("a reply");
            let refused = error(client.pool_new(target()).await);
            assert!(refused.is_retryable(), "{refused:?}");
            assert_eq!(refused.target(), Some("example.com:80"));
            let ErrorKind::RefusedExtended { details: Some(details), .. } = refused.kind() else {
                panic!("{refused:?}")
            };
            assert_eq!((details.code, &*details.message), (7, "slower"));
            assert!(matches!(error(client.keep_alive().await).kind(), ErrorKind::Over));
            assert!(matches!(error(client.connect(target()).await).kind(), ErrorKind::Over));
        });
        server.finish().only();
    }
}

/// Nothing is sent where no METHOD of SOCKS5a is offered, and nothing is requested where none is
/// selected.
#[test]
fn without_a_method_of_socks5a() {
    let server = Server::start(Setup { methods: vec![2, 0], ..Setup::default() });
    OnAsyncIo::run(async {
        assert_eq!(invalid(open(&server, &Auth::none()).await), Invalid::NeedsSocks5a);
        for (plain, code) in [(Auth::none(), 0), (Auth::password_only(password()), 2)] {
            let auth = token().auth().or(plain).expect("two METHODs");
            let chosen = error(open(&server, &auth).await);
            assert!(matches!(chosen.kind(), ErrorKind::NeedsSocks5a { method } if *method == code));
        }
    });
    let connections = server.finish().connections;
    assert_eq!(connections.len(), 3);
    assert!(connections.iter().all(|connection| connection.requests.is_empty()));
}

fn timer(duration: Duration) -> Timer {
    Box::pin(async move {
        async_io::Timer::after(duration).await;
    })
}

/// A delay fails without a clock, and waits by that of TOL.
#[test]
fn delays() {
    let delay = Duration::from_millis(30);
    let jitter = Obfuscation::Jitter(Jitter::uniform(delay..=delay).expect("a range"));
    let mut setup = Setup::default();
    setup.tol.dummies = Dummies::Everywhere(1);
    let server = Server::start(setup);
    OnAsyncIo::run(async {
        let without = tol(jitter).auth().expect("a key");
        let mut client = open(&server, &without).await.expect("a connection");
        assert_eq!(invalid(client.keep_alive().await), Invalid::NoClock);
        drop(client);

        let with = tol(jitter).clock(timer).auth().expect("a key");
        let mut client = open(&server, &with).await.expect("a connection");
        let started = Instant::now();
        client.keep_alive().await.expect("a reply");
        let mut stream = client.connect(target()).await.expect("a tunnel");
        assert_echoed(&mut stream).await;
        assert!(started.elapsed() >= delay * 3, "{:?}", started.elapsed());
    });
    server.finish();
}
