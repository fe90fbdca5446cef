use super::*;
use crate::Proxy;
use crate::udp::hop::Hop;
use std::net::UdpSocket;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// An association, its socket, and the relay's socket.
fn associated() -> (Association, Socket, UdpSocket) {
    let relay = UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = relay.local_addr().unwrap();
    socket.connect(addr).unwrap();
    relay.connect(socket.local_addr().unwrap()).unwrap();
    let proxy = Proxy::socks5("proxy.example:1080").unwrap();
    let last = Hop::new(&proxy, None);
    let association = Association::new(&[proxy], addr, Vec::new(), last, addr.into());
    (association, socket.into(), relay)
}

const DATAGRAM: &[u8] = b"\0\0\0\x01\xC0\x00\x02\x07\x00\x35payload";

/// The receive would parse coalesced datagrams as one, and lose all but the first.
#[test]
fn coalescing_waits_for_the_receive_of_a_single_datagram() {
    for len in [64, MAX_COPIED + 1] {
        let (association, socket, relay) = associated();
        relay.send(DATAGRAM).unwrap();
        let (coalesce, coalesced) = channel();
        thread::scope(|scope| {
            let (begins, begun) = channel();
            let received = association.receive(&socket, &mut vec![0; len], |_, _| {
                let association = &association;
                scope.spawn(move || {
                    begins.send(()).unwrap();
                    association.enable_coalescing(|| coalesce.send(()).map_err(io::Error::other));
                });
                begun.recv().unwrap();
                coalesced.recv_timeout(Duration::from_millis(50)).unwrap_err();
            });
            assert_eq!(received.unwrap(), Some(()));
            coalesced.recv_timeout(Duration::from_secs(8)).unwrap();
        });
        assert!(association.lock_single().is_err());
    }
}

/// Coalescing is requested once. If the system does not support it, single datagrams are still
/// received directly.
#[test]
fn a_system_without_coalescing() {
    let (association, _socket, _relay) = associated();
    association.enable_coalescing(|| Err(io::ErrorKind::Unsupported.into()));
    association.enable_coalescing(|| panic!("a second request"));
    assert!(association.lock_single().is_ok() && association.inbound().is_none());
}
