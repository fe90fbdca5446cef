use super::*;
use crate::udp::Options;
use std::net::UdpSocket;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// An association, its socket, and the relay's.
fn associated() -> (Association, Socket, UdpSocket) {
    let relay = UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = relay.local_addr().unwrap();
    socket.connect(addr).unwrap();
    relay.connect(socket.local_addr().unwrap()).unwrap();
    let association = Association::new(&"socks5h://proxy.example", addr, addr.into(), None, &Options::new());
    (association, socket.into(), relay)
}

const DATAGRAM: &[u8] = b"\0\0\0\x01\xC0\x00\x02\x07\x00\x35payload";

/// The receive would take joined datagrams for one, and lose all of them.
#[test]
fn nothing_is_joined_while_a_single_datagram_is_received() {
    for room in [64, COPIED + 1] {
        let (association, socket, relay) = associated();
        relay.send(DATAGRAM).unwrap();
        let (joins, joined) = channel();
        thread::scope(|scope| {
            let (begins, begun) = channel();
            let received = association.receive(&socket, &mut vec![0; room], |_, _| {
                let association = &association;
                scope.spawn(move || {
                    begins.send(()).unwrap();
                    association.join(|| joins.send(()).map_err(io::Error::other));
                });
                begun.recv().unwrap();
                joined.recv_timeout(Duration::from_millis(50)).unwrap_err();
            });
            assert_eq!(received.unwrap(), Some(()));
            joined.recv_timeout(Duration::from_secs(8)).unwrap();
        });
        assert!(association.lock_single().is_err());
    }
}

/// A system that joins nothing is asked once, and single datagrams go the short way for good.
#[test]
fn where_nothing_can_be_joined() {
    let (association, _socket, _relay) = associated();
    association.join(|| Err(io::ErrorKind::Unsupported.into()));
    association.join(|| panic!("it is known already"));
    assert!(association.lock_single().is_ok() && association.inbound().is_none());
}
