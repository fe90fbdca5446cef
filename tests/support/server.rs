//! A proxy on a loopback socket, for one client: it plays a transcript, and continues with the
//! test's function.

use super::case::limit_test;
use super::script::Line;
use anysocks::Proxy;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The timeout for a silent client: a test that would hang fails instead.
const PATIENCE: Duration = Duration::from_secs(8);

pub(crate) struct Server<T> {
    pub(crate) addr: SocketAddr,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Server<T> {
    /// Serves the first client, then ends.
    pub(crate) fn start(lines: Vec<Line>, then: impl FnOnce(&TcpStream) -> T + Send + 'static) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), lines, then)
    }

    /// The same, at this address.
    pub(crate) fn start_at(
        ip: IpAddr,
        lines: Vec<Line>,
        then: impl FnOnce(&TcpStream) -> T + Send + 'static,
    ) -> Self {
        limit_test();
        let listener = TcpListener::bind((ip, 0)).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let thread = thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            for line in lines {
                match line {
                    Line::Client(message) => {
                        let mut heard = vec![0; message.len()];
                        client.read_exact(&mut heard).expect("the client's message");
                        assert_eq!(heard, message);
                    }
                    Line::Proxy(_, message) => client.write_all(&message).expect("a client that listens"),
                }
            }
            then(&client)
        });
        Self { addr, thread }
    }

    pub(crate) fn proxy(&self) -> Proxy {
        Proxy::socks5(self.addr).expect("a proxy")
    }

    /// The outcome of the test's part of the server.
    pub(crate) fn join(self) -> T {
        self.thread.join().expect("the server is content with its client")
    }
}

/// Echoes all bytes until the client has closed its direction.
/// The next datagram of a socket.
pub(crate) fn datagram(socket: &UdpSocket) -> Vec<u8> {
    let mut datagram = vec![0; 1 << 16];
    let n = socket.recv(&mut datagram).expect("a datagram from the client");
    datagram.truncate(n);
    datagram
}

pub(crate) fn echo(mut client: &TcpStream) {
    std::io::copy(&mut &*client, &mut client).expect("an echo");
}
