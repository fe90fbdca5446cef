//! Allocations of datagrams: none, and one for a source that is a name.

use crate::allocations::counted;
use crate::scene::{PATIENCE, Setting, datagram};
use crate::support::case::Case;
use crate::support::echo::payload;
use anysocks::blocking::Socks5UdpSocket;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use std::io;
use std::net::{TcpStream, UdpSocket};

const V4: &str = "192.0.2.7:53";
const NAME: &str = "dns.example:53";
const LENGTHS: [usize; 5] = [0, 1200, 4096, 5000, 60_000];

/// Both ends of an association.
fn blocking() -> (Socks5UdpSocket, UdpSocket, TcpStream) {
    let associate = |proxy: &_| Socks5UdpSocket::associate(proxy).expect("an association");
    let (socket, relay, control) = Setting::default().associate(associate);
    relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    relay.connect(socket.local_addr()).expect("a way to the client");
    (socket, relay, control)
}

fn echo(relay: &UdpSocket) {
    let mut datagram = vec![0; 1 << 16];
    let n = relay.recv(&mut datagram).expect("a datagram");
    assert_eq!(relay.send(&datagram[..n]).expect("a client"), n);
}

/// The work is done, and has taken no memory.
fn free<T>(work: impl FnOnce() -> io::Result<T>) -> T {
    let (count, done) = counted(work);
    assert_eq!(count, 0, "allocations");
    done.expect("it goes")
}

#[test]
fn one_by_one() {
    let (socket, relay, _control) = blocking();
    for target in [V4, "[2001:db8::7]:53", NAME] {
        for len in LENGTHS {
            let _case = Case::new(format!("{len} bytes and {target}"));
            let payload = payload(len);
            let mut in_place = [&[0; HEADROOM][..], &payload].concat();
            let mut buf = vec![0; len + HEADROOM];
            socket.connect(target).expect("a target");
            assert_eq!(free(|| socket.send_to(&payload, target)), len);
            echo(&relay);
            assert_eq!(free(|| socket.recv(&mut buf)), len);
            assert_eq!(free(|| socket.send_in_place(&mut in_place, target)), len);
            echo(&relay);
            assert_eq!(free(|| socket.recv_in_place(&mut buf)).payload.len(), len);
            let sends: [&dyn Fn() -> io::Result<usize>; 2] =
                [&|| socket.send(&payload), &|| socket.try_send_to(&payload, target)];
            for (send, receive) in
                sends.into_iter().zip([Socks5UdpSocket::recv_from, Socks5UdpSocket::try_recv_from])
            {
                assert_eq!(free(send), len);
                echo(&relay);
                let (count, received) = counted(|| receive(&socket, &mut buf));
                let (n, source) = received.expect("a datagram");
                assert_eq!((n, &*source.to_string()), (len, target));
                assert_eq!(count, u64::from(target == NAME), "allocations");
            }
            free(|| socket.send_fragmented(b"fragment", target, 3));
            for _ in 0..3 {
                relay.recv(&mut [0; 64]).expect("a fragment");
            }
        }
    }
}

/// Once a batch has its memory, it takes no more for what is no more than before.
#[test]
fn in_batches() {
    let (socket, relay, _control) = blocking();
    let mut sent = SendBatch::new();
    let mut heard = vec![0; 1 << 16];
    // With a buffer for one message, no headers are allocated for each call: the three allocations
    // are theirs.
    for (messages, most) in [(1, 0), (8, 3)] {
        let mut received = RecvBatch::new(messages);
        for round in 0..4 {
            let _case = Case::new(format!("round {round} with room for {messages} messages"));
            let (pushed, ()) = counted(|| {
                for (number, len) in [1200, 1200, 1200, 60, 5000, 1].into_iter().enumerate() {
                    let target = if number % 2 == 0 { V4 } else { NAME };
                    sent.push(&heard[..len], target).expect("room");
                }
            });
            let mut calls = 0;
            while !sent.is_empty() {
                let (count, done) = counted(|| socket.send_batch(&mut sent));
                done.expect("sent");
                calls += count;
            }
            assert!(round == 0 || pushed == 0, "{pushed} allocations to push");
            assert_eq!(calls, 0, "allocations to send");
            for _ in 0..6 {
                let n = relay.recv(&mut heard).expect("a datagram");
                relay.send(&heard[..n]).expect("a client");
            }
            let mut all = 0;
            while all < 6 {
                let (count, n) = counted(|| socket.recv_batch(&mut received));
                all += n.expect("datagrams");
                assert!(round == 0 || count <= most, "{count} allocations to receive");
                let (count, bytes) = counted(|| received.iter().map(|one| one.payload.len()).sum::<usize>());
                assert!(count == 0 && bytes > 0);
            }
        }
        // A plain receive goes another way now, and costs no more.
        for _ in 0..2 {
            relay.send(&datagram(NAME, b"payload")).expect("a client");
            socket.recv(&mut heard).expect("a datagram");
        }
        relay.send(&datagram(NAME, b"payload")).expect("a client");
        assert_eq!(free(|| socket.recv(&mut heard)), 7);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn on_tokio() {
    use crate::allocations::counted_polls;
    use anysocks::tokio::Socks5UdpSocket;
    use std::time::Duration;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let associate = |proxy: &_| runtime.block_on(Socks5UdpSocket::associate(proxy)).expect("an association");
    let (socket, relay, _control) = Setting::default().associate(associate);
    relay.connect(socket.local_addr()).expect("a way to the client");
    runtime.block_on(async {
        // The first that waits takes a seat; it is kept for the others.
        let late = tokio::time::timeout(Duration::from_millis(1), socket.recv(&mut [0; 64])).await;
        late.expect_err("nothing is there");
        for target in [V4, NAME] {
            for len in LENGTHS {
                let _case = Case::new(format!("{len} bytes and {target}"));
                let payload = payload(len);
                let mut in_place = [&[0; HEADROOM][..], &payload].concat();
                let mut buf = vec![0; len + HEADROOM];
                socket.connect(target).await.expect("a target");
                let (made, sending) = counted(|| socket.send_to(&payload, target));
                let (count, sent) = counted_polls(sending).await;
                assert_eq!((made + count, sent.expect("sent")), (0, len));
                echo(&relay);
                let (made, receive) = counted(|| socket.recv(&mut buf));
                let (count, received) = counted_polls(receive).await;
                assert_eq!((made + count, received.expect("a datagram")), (0, len));
                let (count, sent) = counted_polls(socket.send_in_place(&mut in_place, target)).await;
                assert_eq!((count, sent.expect("sent")), (0, len));
                echo(&relay);
                let (count, received) = counted_polls(socket.recv_in_place(&mut buf)).await;
                assert_eq!((count, received.expect("a datagram").payload.len()), (0, len));
                let (count, sent) = counted_polls(socket.send(&payload)).await;
                assert_eq!((count, sent.expect("sent")), (0, len));
                echo(&relay);
                let (count, received) = counted_polls(socket.recv_from(&mut buf)).await;
                assert_eq!((count, received.expect("a datagram").0), (u64::from(target == NAME), len));
            }
        }
    });
}
