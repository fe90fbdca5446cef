//! A proxy with a relay, for the tests of every front end.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread::{self, JoinHandle};

/// A datagram that the relay sends, from 192.0.2.7:53.
#[cfg(target_os = "linux")]
pub(crate) const DATAGRAM: &[u8] = b"\0\0\0\x01\xC0\x00\x02\x07\x00\x35payload";

/// A proxy that grants one association.
pub(crate) struct TestProxy {
    pub(crate) addr: SocketAddr,
    pub(crate) relay: UdpSocket,
    serving: JoinHandle<TcpStream>,
}

impl TestProxy {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let [high, low] = relay.local_addr().unwrap().port().to_be_bytes();
        let serving = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.read_exact(&mut [0; 3]).unwrap();
            client.write_all(&[5, 0]).unwrap();
            client.read_exact(&mut [0; 10]).unwrap();
            client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, high, low]).unwrap();
            client
        });
        Self { addr, relay, serving }
    }

    /// Returns the relay, connected to the client, and the proxy's end of the TCP connection.
    pub(crate) fn granted(self, to: SocketAddr) -> (UdpSocket, TcpStream) {
        self.relay.connect(to).unwrap();
        (self.relay, self.serving.join().unwrap())
    }
}

/// Sends copies of a datagram in one buffer, which the system delivers coalesced.
#[cfg(target_os = "linux")]
pub(crate) fn send_coalesced(relay: &UdpSocket, datagram: &[u8], count: usize) {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use std::io::IoSlice;
    use std::os::fd::AsRawFd;
    let all = datagram.repeat(count);
    let len = u16::try_from(datagram.len()).unwrap();
    let control = [ControlMessage::UdpGsoSegments(&len)];
    let sent = sendmsg::<()>(relay.as_raw_fd(), &[IoSlice::new(&all)], &control, MsgFlags::empty(), None);
    assert_eq!(sent.unwrap(), all.len());
}
