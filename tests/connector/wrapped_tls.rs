//! Associations of a proxy behind TLS, whose connection carries more than the proxy's messages.

use super::messages::Speaks;
use super::scene::{serving, soon};
use super::wrapped_datagrams::{PATIENCE, Scene, WAITS, addr, end, relay};
use crate::fronts::association::Association;
use crate::support::case::Case;
use crate::support::script::Line;
use anysocks::udp::AssociationEnd;
use anysocks::{Error, Proxy};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

type Associated = Result<Box<dyn Association>, Error>;

/// A front end with TLS.
struct Tls {
    name: &'static str,
    associate: fn(&Proxy, Arc<ClientConfig>) -> Associated,
}

fn server_name() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

const FRONTS: &[Tls] = &[
    Tls {
        name: "blocking",
        associate: |proxy, config| {
            let connector = anysocks::blocking::Connector::new(proxy).wrapped(move |stream, _| {
                let tls = rustls::ClientConnection::new(Arc::clone(&config), server_name());
                Ok(rustls::StreamOwned::new(tls.map_err(io::Error::other)?, stream))
            });
            Ok(Box::new(connector.associate()?))
        },
    },
    #[cfg(feature = "tokio")]
    Tls {
        name: "tokio",
        associate: |proxy, config| {
            use crate::support::blocked::{Executor, OnTokio};
            let tls = tokio_rustls::TlsConnector::from(config);
            let connector = anysocks::tokio::Connector::new(proxy)
                .wrapped(move |stream, _| tls.connect(server_name(), stream));
            Ok(Box::new(OnTokio::run(connector.associate())?))
        },
    },
    #[cfg(feature = "smol")]
    Tls {
        name: "smol",
        associate: |proxy, config| {
            use crate::support::blocked::{Executor, OnAsyncIo};
            let tls = futures_rustls::TlsConnector::from(config);
            let connector = anysocks::smol::Connector::new(proxy)
                .wrapped(move |stream, _| tls.connect(server_name(), stream));
            Ok(Box::new(OnAsyncIo::run(connector.associate())?))
        },
    },
    #[cfg(feature = "async-std")]
    Tls {
        name: "async-std",
        associate: |proxy, config| {
            use crate::support::blocked::{Executor, OnAsyncIo};
            let tls = futures_rustls::TlsConnector::from(config);
            let connector = anysocks::async_std::Connector::new(proxy)
                .wrapped(move |stream, _| tls.connect(server_name(), stream));
            Ok(Box::new(OnAsyncIo::run(connector.associate())?))
        },
    },
];

/// Both sides' configurations, with a certificate of their own.
fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate: CertificateDer<'static> = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a configuration");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// The proxy's end of the connection.
struct Server {
    tls: ServerConnection,
    stream: TcpStream,
}

impl Server {
    /// Plays the lines; what the last one leaves is sent by the test.
    fn play(mut stream: TcpStream, config: Arc<ServerConfig>, lines: &[Line]) -> Self {
        let mut tls = ServerConnection::new(config).expect("a configuration");
        let (last, before) = lines.split_last().expect("a line");
        let mut over = rustls::Stream::new(&mut tls, &mut stream);
        for line in before {
            match line {
                Line::Client(message) => {
                    let mut heard = vec![0; message.len()];
                    over.read_exact(&mut heard).expect("a message");
                    assert_eq!(heard, *message);
                }
                Line::Proxy(_, message) => {
                    over.write_all(message).expect("a client");
                    over.flush().expect("a client");
                }
            }
        }
        let Line::Proxy(_, reply) = last else { panic!("the proxy says the last of it") };
        tls.writer().write_all(reply).expect("room");
        Self { tls, stream }
    }

    /// Sends what there is in one piece.
    fn flush(&mut self) {
        let mut piece = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut piece).expect("room");
        }
        self.stream.write_all(&piece).expect("a client");
    }
}

/// A proxy behind TLS that grants one association after the other: where it is, and its ends of
/// the connections.
fn proxy(config: Arc<ServerConfig>, relay: String, then: fn(&mut Server)) -> (SocketAddr, Receiver<Server>) {
    let (connected, connections) = channel();
    let connected = Arc::new(Mutex::new(connected));
    let at = serving(move |stream| {
        let kind = Speaks::Password;
        let lines = kind.lines(3, "0.0.0.0:0", kind.granted(&relay));
        let mut server = Server::play(stream, Arc::clone(&config), &lines);
        then(&mut server);
        server.flush();
        // The test may be over.
        let _ = connected.lock().expect("no panic").send(server);
    });
    (at, connections)
}

fn everywhere(check: impl Fn(&Tls)) {
    for front in FRONTS {
        let _case = Case::new(front.name);
        check(front);
    }
}

fn behind_tls(at: SocketAddr) -> Proxy {
    Speaks::Password.at(at).behind_tls(true)
}

/// The proxy's end of the association, and the resulting error.
type End = (&'static str, fn(&mut Server), AssociationEnd);

const ENDS: [End; 3] = [
    (
        "an alert",
        |server| {
            server.tls.send_close_notify();
            server.flush();
        },
        AssociationEnd::Closed,
    ),
    // As many do, without an alert.
    (
        "the end of TCP",
        |server| server.stream.shutdown(std::net::Shutdown::Both).expect("an open stream"),
        AssociationEnd::Closed,
    ),
    (
        "a byte",
        |server| {
            server.tls.writer().write_all(b"\0").expect("room");
            server.flush();
        },
        AssociationEnd::UnexpectedData,
    ),
];

/// Session tickets of TLS are not data of the proxy.
#[test]
fn an_association_and_its_end() {
    let (server_config, client_config) = configs();
    everywhere(|front| {
        for (name, come, expected) in ENDS {
            for (call, wait) in WAITS {
                let _case = Case::new(format!("{name}, {call}"));
                let relay = relay();
                let (at, connections) = proxy(Arc::clone(&server_config), addr(&relay), |_| {});
                let association =
                    (front.associate)(&behind_tls(at), Arc::clone(&client_config)).expect("an association");
                let mut server = connections.recv_timeout(PATIENCE).expect("a connection");
                relay.connect(association.local_addr()).expect("a way to the client");
                let scene =
                    Scene { association, relay, control: server.stream.try_clone().expect("a handle") };
                for _ in 0..3 {
                    scene.assert_works();
                }
                let nothing = scene.association.try_recv_from(&mut [0; 64]).expect_err("nothing");
                assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
                let another = scene.association.another();
                let (begun, begins) = channel();
                let waiting = soon(move || {
                    begun.send(()).expect("a test that waits");
                    wait(&*another)
                });
                begins.recv().expect("a call");
                std::thread::sleep(std::time::Duration::from_millis(10));
                come(&mut server);
                assert_eq!(end(&waiting()), expected);
            }
        }
    });
}

/// Bytes that arrive with the reply are read with it, and the socket is not readable for them any
/// more.
#[test]
fn an_end_in_one_piece_with_the_reply() {
    let (server_config, client_config) = configs();
    let ends: [End; 2] = [
        ("an alert", |server| server.tls.send_close_notify(), AssociationEnd::Closed),
        (
            "a byte",
            |server| server.tls.writer().write_all(b"\0").expect("room"),
            AssociationEnd::UnexpectedData,
        ),
    ];
    everywhere(|front| {
        for (name, come, expected) in ends {
            for (call, wait) in WAITS {
                let _case = Case::new(format!("{name}, {call}"));
                let relay = relay();
                let (at, connections) = proxy(Arc::clone(&server_config), addr(&relay), come);
                let association =
                    (front.associate)(&behind_tls(at), Arc::clone(&client_config)).expect("an association");
                // The connection stays open.
                let _server = connections.recv_timeout(PATIENCE).expect("a connection");
                assert_eq!(end(&soon(move || wait(&*association))()), expected);
            }
        }
    });
}
