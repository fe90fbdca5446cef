//! Many datagrams by one call.

use crate::scene::{Scene, datagram, inner, on_all};
use crate::support::echo::payload;
use anysocks::udp::{RecvBatch, SendBatch};
use anysocks::{ErrorKind, Invalid};

const SOURCES: [&str; 4] = ["192.0.2.7:53", "dns.example:53", "[2001:db8::7]:53", "192.0.2.8:54"];

/// Lengths in runs, as QUIC has them, and without any order.
fn lengths() -> Vec<usize> {
    let runs = [1200; 30].into_iter().chain([64; 5]).chain([0; 3]).chain([1200, 700]);
    runs.chain([5000, 1, 9000, 2, 2, 2, 300, 299, 298]).collect()
}

/// The datagrams of a table, each with its number in it where it has room for that.
fn datagrams() -> Vec<(&'static str, Vec<u8>)> {
    let numbered = |(number, len): (usize, usize)| {
        let mut payload = payload(len);
        if let Some(first) = payload.first_mut() {
            *first = number.to_le_bytes()[0];
        }
        // Mostly the same peer for a while.
        (SOURCES[number / 8 % SOURCES.len()], payload)
    };
    lengths().into_iter().enumerate().map(numbered).collect()
}

#[test]
fn there() {
    on_all(|scene| {
        let mut batch = SendBatch::new();
        assert_eq!(scene.socket.send_batch(&mut batch).expect("nothing to be sent"), 0);
        for part in datagrams().chunks(20) {
            for (target, payload) in part {
                batch.push(payload, *target).expect("room");
            }
            while !batch.is_empty() {
                let left = batch.len();
                let sent = scene.socket.send_batch(&mut batch).expect("sent");
                assert!(sent > 0 && batch.len() == left - sent);
            }
            for (target, payload) in part {
                assert!(scene.heard() == datagram(target, payload), "other bytes");
            }
        }
    });
}

/// What a batch received, as the relay sent it.
fn taken(batch: &RecvBatch) -> Vec<Vec<u8>> {
    batch.iter().map(|one| datagram(&one.source.to_string(), one.payload)).collect()
}

fn receive(scene: &Scene, batch: &mut RecvBatch, count: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < count {
        let received = scene.socket.recv_batch(batch).expect("datagrams");
        assert!(received > 0 && received == batch.len());
        all.extend(taken(batch));
    }
    all
}

#[test]
fn and_back() {
    on_all(|scene| {
        for room in [1, 2, 8, 32] {
            let mut batch = RecvBatch::new(room);
            for part in datagrams().chunks(10) {
                let expected: Vec<_> =
                    part.iter().map(|(source, payload)| datagram(source, payload)).collect();
                for one in &expected {
                    scene.says(one);
                }
                assert!(receive(scene, &mut batch, expected.len()) == expected, "other bytes");
            }
        }
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// What means nothing is counted, and a batch of nothing else is none.
#[test]
fn strays() {
    on_all(|scene| {
        let mut batch = RecvBatch::new(8);
        scene.socket.connect("192.0.2.7:53").expect("a target");
        for junk in
            [&b""[..], b"junk", &datagram("192.0.2.8:53", b"forged"), &[0, 0, 1, 1, 192, 0, 2, 7, 0, 53]]
        {
            for _ in 0..10 {
                scene.says(junk);
            }
        }
        let good = datagram("192.0.2.7:53", b"payload");
        scene.says(&good);
        assert_eq!(receive(scene, &mut batch, 1), [good]);
        assert_eq!(scene.socket.dropped(), 40);
    });
}

/// What the system puts together is taken apart, whichever call receives it.
#[cfg(target_os = "linux")]
mod together {
    use super::*;
    use crate::fronts::association::Association;
    use crate::scene::{PATIENCE, everywhere};
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use std::io::{self, IoSlice};
    use std::os::fd::AsRawFd;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    /// Sends datagrams of one length in one piece, which the system keeps whole as long as it can.
    fn says_together(scene: &Scene, datagrams: &[Vec<u8>]) {
        let len = u16::try_from(datagrams[0].len()).expect("a length");
        let all = datagrams.concat();
        let sent = sendmsg::<()>(
            scene.relay.as_raw_fd(),
            &[IoSlice::new(&all)],
            &[ControlMessage::UdpGsoSegments(&len)],
            MsgFlags::empty(),
            None,
        );
        assert_eq!(sent.expect("sent"), all.len());
    }

    fn numbered(count: u8) -> Vec<Vec<u8>> {
        (0..count).map(|number| datagram(SOURCES[usize::from(number) % 2 * 3], &[number; 100])).collect()
    }

    /// A socket that has received a batch already.
    fn in_batches(check: impl Fn(&Scene)) {
        everywhere(|front| {
            let scene = crate::scene::Setting::default().open(front);
            scene.relays(SOURCES[0], b"first");
            assert_eq!(receive(&scene, &mut RecvBatch::new(1), 1), [datagram(SOURCES[0], b"first")]);
            check(&scene);
            assert_eq!(scene.socket.dropped(), 0);
        });
    }

    #[test]
    fn by_batches() {
        in_batches(|scene| {
            for room in [1, 8] {
                let mut batch = RecvBatch::new(room);
                for count in [2, 3, 20, 60, 1, 60, 5] {
                    says_together(scene, &numbered(count));
                    assert_eq!(receive(scene, &mut batch, count.into()), numbered(count));
                }
            }
        });
    }

    #[test]
    fn one_by_one() {
        in_batches(|scene| {
            says_together(scene, &numbered(20));
            for number in 0..20 {
                let expected = [number; 100];
                let mut buf = [0xEE; 200];
                match number % 4 {
                    0 => assert_eq!(scene.received(100).0, expected),
                    1 => {
                        assert_eq!(scene.socket.recv(&mut buf).expect("a datagram"), 100);
                        assert_eq!(buf[..100], expected);
                    }
                    2 => {
                        let received = scene.socket.recv_in_place(&mut buf).expect("a datagram");
                        assert_eq!(received.payload, expected);
                    }
                    _ => assert_eq!(scene.received(50).0, expected[..50]),
                }
            }
            let nothing = scene.socket.try_recv_from(&mut [0; 64]).expect_err("nothing more");
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        });
    }

    /// A batch begins with what single calls have left.
    #[test]
    fn in_turns() {
        in_batches(|scene| {
            says_together(scene, &numbered(20));
            assert_eq!(scene.received(100).0, [0; 100]);
            says_together(scene, &numbered(3));
            let mut batch = RecvBatch::new(4);
            assert_eq!(receive(scene, &mut batch, 22), [&numbered(20)[1..], &numbered(3)].concat());
        });
    }

    /// A call that receives one datagram.
    type Receive = fn(&dyn Association, &mut [u8; 200]) -> io::Result<usize>;

    const RECV: Receive = |socket, buf| socket.recv(buf);

    /// Ends the association, and with it every wait, however a test ends.
    struct Ends<'a>(&'a Scene);

    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            // The proxy may have closed it already.
            let _ = self.0.control().shutdown(std::net::Shutdown::Both);
        }
    }

    /// Threads that receive until the association ends: what they receive, and where to send more
    /// of it.
    fn receiving<'scope>(
        scope: &'scope std::thread::Scope<'scope, '_>,
        scene: &Scene,
        calls: &[Receive],
    ) -> (Receiver<Vec<u8>>, Sender<Vec<u8>>) {
        let (taken, received) = channel();
        for receive in calls {
            let (socket, taken, receive) = (scene.socket.another(), taken.clone(), *receive);
            scope.spawn(move || {
                let mut buf = [0; 200];
                while let Ok(n) = receive(&*socket, &mut buf) {
                    taken.send(buf[..n].to_vec()).expect("a test that waits");
                }
            });
        }
        (received, taken)
    }

    fn all_of(received: &Receiver<Vec<u8>>, count: u8) -> Vec<Vec<u8>> {
        let one = |_| received.recv_timeout(PATIENCE).expect("a datagram");
        let mut all: Vec<_> = (0..count).map(one).collect();
        all.sort();
        all
    }

    fn payloads(count: u8) -> Vec<Vec<u8>> {
        (0..count).map(|number| vec![number; 100]).collect()
    }

    /// Some calls wait for the socket, which has no more events: the coalesced datagrams are for
    /// all of them.
    #[test]
    fn by_many_that_wait() {
        in_batches(|scene| {
            std::thread::scope(|scope| {
                let _ends = Ends(scene);
                let (received, _got) = receiving(
                    scope,
                    scene,
                    &[
                        |socket, buf| socket.recv_from(buf).map(|(n, _)| n),
                        RECV,
                        |socket, buf| {
                            let payload = socket.recv_in_place(buf)?.payload.to_vec();
                            buf[..payload.len()].copy_from_slice(&payload);
                            Ok(payload.len())
                        },
                        |socket, buf| socket.recv_from(buf).map(|(n, _)| n),
                    ],
                );
                says_together(scene, &numbered(40));
                assert_eq!(all_of(&received, 40), payloads(40));
            });
        });
    }

    /// The call that receives coalesced datagrams wakes the other, repeatedly.
    #[test]
    fn by_two_that_wait() {
        in_batches(|scene| {
            std::thread::scope(|scope| {
                let _ends = Ends(scene);
                let (taken, received) = channel();
                let turns = [(); 2].map(|()| {
                    let (turn, turns) = channel();
                    let (socket, taken) = (scene.socket.another(), taken.clone());
                    scope.spawn(move || {
                        // One datagram in each turn, so that no other call can take the other's.
                        for () in turns {
                            let mut buf = [0; 200];
                            let Ok(n) = socket.recv(&mut buf) else { return };
                            taken.send(buf[..n].to_vec()).expect("a test that waits");
                        }
                    });
                    turn
                });
                for _ in 0..50 {
                    for turn in &turns {
                        turn.send(()).expect("a thread that receives");
                    }
                    // Most likely both wait by then.
                    std::thread::sleep(Duration::from_millis(2));
                    says_together(scene, &numbered(2));
                    assert_eq!(all_of(&received, 2), payloads(2));
                }
            });
        });
    }

    /// So does a call that does not wait.
    #[test]
    fn by_one_that_waits_and_one_that_does_not() {
        in_batches(|scene| {
            std::thread::scope(|scope| {
                let _ends = Ends(scene);
                let (received, _got) = receiving(scope, scene, &[RECV]);
                for _ in 0..50 {
                    std::thread::sleep(Duration::from_millis(2));
                    says_together(scene, &numbered(2));
                    crate::waiting::at_last(|| {
                        let taken = scene.socket.try_recv_from(&mut [0; 200]).is_ok();
                        (taken || received.try_recv().is_ok()).then_some(())
                    });
                    received.recv_timeout(PATIENCE).expect("the other one");
                }
            });
        });
    }

    /// Some calls may wait before the first batch is received.
    #[test]
    fn by_one_by_one_and_in_batches_at_once() {
        everywhere(|front| {
            for _ in 0..10 {
                let scene = crate::scene::Setting::default().open(front);
                std::thread::scope(|scope| {
                    let _ends = Ends(&scene);
                    let (received, got) = receiving(scope, &scene, &[RECV; 2]);
                    let socket = scene.socket.another();
                    scope.spawn(move || {
                        let mut batch = RecvBatch::new(2);
                        while socket.recv_batch(&mut batch).is_ok() {
                            for datagram in batch.iter() {
                                got.send(datagram.payload.to_vec()).expect("a test that waits");
                            }
                        }
                    });
                    for count in [2, 1, 3, 10, 2, 2] {
                        says_together(&scene, &numbered(count));
                        assert_eq!(all_of(&received, count), payloads(count));
                    }
                });
                assert_eq!(scene.socket.dropped(), 0);
            }
        });
    }
}

#[test]
fn too_long() {
    let mut batch = SendBatch::new();
    let error = batch.push(&payload(65_498), "192.0.2.7:53").expect_err("too long");
    assert!(matches!(error.kind(), ErrorKind::Invalid(Invalid::DatagramTooLong(65_508))), "{error:?}");
    assert!(batch.push(b"", "no port").is_err() && batch.is_empty());
    batch.push(&payload(65_497), "192.0.2.7:53").expect("room");
    on_all(|scene| {
        let mut batch = batch.clone();
        assert_eq!(scene.socket.send_batch(&mut batch).expect("sent"), 1);
        assert!(scene.heard() == datagram("192.0.2.7:53", &payload(65_497)), "other bytes");
        // What the socket refuses stays, and can be dropped.
        let error = scene.socket.connect("no port").expect_err("no target");
        assert!(matches!(inner(&error).kind(), ErrorKind::Invalid(Invalid::PortMissing)), "{error:?}");
    });
}
