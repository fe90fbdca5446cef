//! An association, and both its other ends in the hands of the test.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use crate::fronts::association::Association;
use crate::fronts::{FRONTS, Front};
use crate::support::case::{self, Case};
use crate::support::script::{Line, client, proxy};
use crate::support::server::{self, Server};
use crate::support::toy::{self, Level};
use anysocks::udp::Options;
use anysocks::{Address, Error, Proxy, Resolve, Stage};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// How long a datagram is waited for that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// UDP ASSOCIATE with zeros, of either family.
pub(crate) const REQUEST_V4: &[u8] = b"\x05\x03\x00\x01\0\0\0\0\0\0";
pub(crate) const REQUEST_V6: &[u8] = b"\x05\x03\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// An association with a proxy and a relay on loopback, in this process.
pub(crate) struct Scene {
    pub(crate) socket: Box<dyn Association>,
    /// Connected to the client: sends to it, and receives from it only.
    pub(crate) relay: UdpSocket,
    /// The proxy's end of the TCP connection, unless it is closed.
    pub(crate) control: Option<TcpStream>,
}

/// What is special about an association.
pub(crate) struct Setting {
    pub(crate) at: IpAddr,
    pub(crate) options: Options,
    pub(crate) resolve: Resolve,
    /// A METHOD of the caller's own.
    pub(crate) level: Option<Level>,
    /// The timeout of the proxy.
    pub(crate) timeout: Duration,
}

impl Default for Setting {
    fn default() -> Self {
        let at = Ipv4Addr::LOCALHOST.into();
        Self {
            at,
            options: Options::new(),
            resolve: Resolve::ByProxy,
            level: None,
            timeout: Duration::from_secs(30),
        }
    }
}

impl Setting {
    pub(crate) fn v6() -> Self {
        Self { at: Ipv6Addr::LOCALHOST.into(), ..Self::default() }
    }

    pub(crate) fn open(&self, front: &Front) -> Scene {
        let (socket, relay, control) =
            self.associate(|proxy| (front.associate)(proxy).expect("an association"));
        Scene::new(socket, relay, control)
    }

    /// A socket of any kind, its relay, and the proxy's end of the TCP connection.
    pub(crate) fn associate<S>(&self, associate: impl FnOnce(&Proxy) -> S) -> (S, UdpSocket, TcpStream) {
        let relay = UdpSocket::bind((self.at, 0)).expect("a port");
        let reply = reply(&local(&relay).to_string());
        let request = if self.at.is_ipv4() { REQUEST_V4 } else { REQUEST_V6 };
        let lines = match self.level {
            None => [selection().to_vec(), vec![client(request), proxy(Stage::Request, reply)]].concat(),
            Some(level) => toy::connection(level, request, &reply),
        };
        let server = Server::start_at(self.at, lines, |control| control.try_clone().expect("a handle"));
        let socket = associate(&self.proxy(&server));
        (socket, relay, server.join())
    }

    pub(crate) fn proxy<T: Send + 'static>(&self, server: &Server<T>) -> Proxy {
        let proxy = server.proxy().udp(self.options.clone()).resolve(self.resolve).timeout(self.timeout);
        match self.level {
            None => proxy,
            Some(_) => proxy.auth(toy::auth()).expect("a SOCKS5 proxy"),
        }
    }
}

/// Greeting and selection without authentication.
pub(crate) fn selection() -> [Line; 2] {
    [client([5, 1, 0]), proxy(Stage::MethodSelection, [5, 0])]
}

impl Scene {
    /// Opens an association with a proxy that plays these lines, given the relay's address.
    pub(crate) fn of(
        front: &Front,
        lines: impl FnOnce(&str) -> Vec<Line>,
        proxy: impl FnOnce(SocketAddr) -> Proxy,
    ) -> Self {
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let lines = lines(&local(&relay).to_string());
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let socket = (front.associate)(&proxy(server.addr)).expect("an association");
        Self::new(socket, relay, server.join())
    }

    pub(crate) fn new(socket: Box<dyn Association>, relay: UdpSocket, control: TcpStream) -> Self {
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        relay.connect(socket.local_addr()).expect("a way to the client");
        control.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { socket, relay, control: Some(control) }
    }

    /// The proxy's end of the TCP connection.
    pub(crate) fn control(&self) -> &TcpStream {
        self.control.as_ref().expect("it was not closed")
    }

    /// What the relay gets next.
    pub(crate) fn heard(&self) -> Vec<u8> {
        server::datagram(&self.relay)
    }

    /// The relay sends these bytes.
    pub(crate) fn says(&self, datagram: &[u8]) {
        assert_eq!(self.relay.send(datagram).expect("a client"), datagram.len());
    }

    /// The relay sends a datagram from the source.
    pub(crate) fn relays(&self, source: &str, payload: &[u8]) {
        self.says(&datagram(source, payload));
    }

    /// What the client gets next, with room for this much.
    pub(crate) fn received(&self, room: usize) -> (Vec<u8>, Address) {
        self.socket.received_within(PATIENCE, room)
    }
}

pub(crate) fn local(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("an address")
}

/// Runs a check on every front end.
pub(crate) fn everywhere(check: impl Fn(&Front)) {
    for front in FRONTS {
        let _case = Case::new(front.name);
        check(front);
    }
}

/// Runs a check on all front ends at once, which then wait for the end of a limit together.
pub(crate) fn at_once(check: impl Fn(&Front) + Sync) {
    case::at_once(FRONTS, |front| front.name.to_owned(), check);
}

/// Runs a check on an association of every front end with nothing special about it.
pub(crate) fn on_all(check: impl Fn(&Scene)) {
    everywhere(|front| check(&Setting::default().open(front)));
}

/// ATYP, address and port as RFC 1928 has them.
pub(crate) fn field(addr: &str) -> Vec<u8> {
    match addr.parse() {
        Ok(SocketAddr::V4(addr)) => [&[1][..], &addr.ip().octets(), &addr.port().to_be_bytes()].concat(),
        Ok(SocketAddr::V6(addr)) => [&[4][..], &addr.ip().octets(), &addr.port().to_be_bytes()].concat(),
        Err(_) => {
            let (name, port) = addr.rsplit_once(':').expect("a name and a port");
            name_field(name.as_bytes(), port.parse().expect("a port"))
        }
    }
}

pub(crate) fn name_field(name: &[u8], port: u16) -> Vec<u8> {
    let len = u8::try_from(name.len()).expect("a name that fits");
    [&[3, len], name, &port.to_be_bytes()].concat()
}

/// A reply that grants the association, with this relay.
pub(crate) fn reply(relay: &str) -> Vec<u8> {
    [&[5, 0, 0][..], &field(relay)].concat()
}

/// A datagram with its header, the same both ways.
pub(crate) fn datagram(addr: &str, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, 0][..], &field(addr), payload].concat()
}

/// A fragment with its header.
pub(crate) fn fragment(fragment: u8, addr: &str, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, fragment][..], &field(addr), payload].concat()
}

/// The crate's own error inside.
pub(crate) fn inner(error: &io::Error) -> &Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.unwrap_or_else(|| panic!("no error of the crate's: {error:?}"))
}
