//! The other end: a proxy that grants one association and sends nothing more, and its relay, which
//! is the code that requests a batch.

use super::datagram::{BATCH, DATA, HEADER};
use nix::sys::socket::{setsockopt, sockopt};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// A datagram that is lost is noticed instead of waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The socket of a relay, connected to a client.
pub(super) struct Relay {
    socket: UdpSocket,
    header: &'static [u8],
    /// Whether a batch is sent at once. Loopback does not coalesce datagrams, as a network card
    /// does.
    at_once: bool,
    /// The association ends with it.
    _control: Option<TcpStream>,
}

impl Relay {
    /// The end of a socket without SOCKS, which is returned too.
    pub(super) fn bare() -> (Self, UdpSocket) {
        let (socket, client) = (bound(), bound());
        client.connect(socket.local_addr().expect("an address")).expect("a way to the relay");
        (Self::to(&client.local_addr().expect("an address"), socket, &[], None), client)
    }

    fn to(client: &SocketAddr, socket: UdpSocket, header: &'static [u8], control: Option<TcpStream>) -> Self {
        socket.connect(client).expect("a way to the client");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { socket, header, at_once: false, _control: control }
    }

    pub(super) fn at_once(self) -> Self {
        Self { at_once: true, ..self }
    }

    /// Puts a datagram with these bytes into the client's socket.
    #[cfg(test)]
    pub(super) fn give_bytes(&self, datagram: &[u8]) {
        self.socket.send(datagram).expect("a datagram that leaves");
    }

    /// Takes a batch out of its socket.
    pub(super) fn take(&self, size: usize) {
        let mut room = [0; 2048];
        for _ in 0..BATCH {
            let len = self.socket.recv(&mut room).expect("a datagram");
            assert!(room[..len].starts_with(self.header) && len == self.header.len() + size);
        }
    }

    /// Puts a batch into the client's socket.
    pub(super) fn give(&self, size: usize) {
        let datagram = [self.header, &DATA[..size]].concat();
        if self.at_once {
            let len = i32::try_from(datagram.len()).expect("a datagram's length");
            setsockopt(&self.socket, sockopt::UdpGsoSegment, &len).expect("UDP_SEGMENT");
            self.socket.send(&datagram.repeat(BATCH.into())).expect("a batch that leaves");
        } else {
            for _ in 0..BATCH {
                self.socket.send(&datagram).expect("a datagram that leaves");
            }
        }
    }
}

/// A proxy that waits for one client.
pub(super) struct Proxy {
    pub(super) addr: SocketAddr,
    relay: UdpSocket,
    control: JoinHandle<TcpStream>,
}

impl Proxy {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind(ANY_PORT).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let relay = bound();
        let port = relay.local_addr().expect("an address").port();
        let control = spawn(move || associate(listener.accept().expect("a client").0, port));
        Self { addr, relay, control }
    }

    /// The relay of the client that is associated and sends from this address.
    pub(super) fn relay(self, client: SocketAddr) -> Relay {
        Relay::to(&client, self.relay, HEADER, Some(self.control.join().expect("an association")))
    }
}

fn bound() -> UdpSocket {
    UdpSocket::bind(ANY_PORT).expect("a port")
}

/// Grants the request of a client that offers X'00' and declares an IP address.
fn associate(mut client: TcpStream, port: u16) -> TcpStream {
    let offered = hear(&client, 2)[1];
    hear(&client, offered.into());
    client.write_all(&[5, 0]).expect("a client that listens");
    let request = hear(&client, 4);
    assert_eq!(request[..3], [5, 3, 0], "UDP ASSOCIATE");
    hear(&client, if request[3] == 4 { 18 } else { 6 });
    let [high, low] = port.to_be_bytes();
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, high, low]).expect("a client that listens");
    client
}

fn hear(mut client: &TcpStream, len: usize) -> Vec<u8> {
    let mut message = vec![0; len];
    client.read_exact(&mut message).expect("the rest of a message");
    message
}
