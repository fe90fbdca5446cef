//! Received data that is no datagram for the caller: it is counted, causes no error, and ends no
//! wait.

use crate::scene::{PATIENCE, Setting, datagram, everywhere, fragment, local, name_field, on_all};
use crate::support::case::Case;
use crate::support::clock::assert_on_time;
use anysocks::Address;
use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "192.0.2.7:53";

/// Room that takes each of the ways by which a datagram is received.
const ROOMS: [usize; 4] = [64, 2048, 3000, 5000];

#[test]
fn headers_that_are_cut() {
    let name = format!("{}:53", "n".repeat(255));
    on_all(|scene| {
        for source in [SOURCE, "[2001:db8::7]:53", "dns.example:53", &name] {
            let whole = datagram(source, b"");
            for room in ROOMS {
                let before = scene.socket.dropped();
                for len in 0..whole.len() {
                    scene.says(&whole[..len]);
                    // Not more at once than the system keeps.
                    if len % 64 == 63 {
                        scene.relays(source, b"whole");
                        assert_eq!(scene.received(room).0, b"whole");
                    }
                }
                scene.says(&whole);
                assert_eq!(scene.received(room).0, b"");
                let dropped = scene.socket.dropped() - before;
                assert_eq!(dropped, whole.len() as u64, "{room} bytes of room, from {source}");
            }
            let mut buf = [0; 300];
            scene.says(&whole[..whole.len() - 1]);
            scene.says(&whole);
            assert_eq!(scene.socket.recv_in_place(&mut buf).expect("a datagram").payload, b"");
        }
    });
}

#[test]
fn headers_of_no_meaning() {
    on_all(|scene| {
        let good = datagram(SOURCE, b"payload");
        let changed = |at: usize, byte: u8| {
            let mut changed = good.clone();
            changed[at] = byte;
            changed
        };
        for room in ROOMS {
            for byte in 0..=255 {
                let _case = Case::new(format!("byte {byte:02X}, {room} bytes of room"));
                let before = scene.socket.dropped();
                // RSV is ignored.
                scene.says(&changed(0, byte));
                assert_eq!(scene.received(room).0, b"payload");
                scene.says(&changed(1, byte));
                assert_eq!(scene.received(room).0, b"payload");
                assert_eq!(scene.socket.dropped(), before);
                // FRAG, and ATYP. A name of 192 bytes is not there.
                scene.says(&changed(2, byte));
                scene.says(&changed(3, byte));
                scene.relays(SOURCE, b"next");
                let as_it_was = u64::from(byte == 0) + u64::from(byte == 1);
                for _ in 0..as_it_was {
                    assert_eq!(scene.received(room).0, b"payload");
                }
                assert_eq!(scene.received(room).0, b"next");
                assert_eq!(scene.socket.dropped(), before + 2 - as_it_was);
            }
        }
    });
}

/// Some relays repeat the requested name, which may have any bytes.
#[test]
fn sources_that_are_names() {
    on_all(|scene| {
        for name in [&b""[..], b"a", b"\xFF\x00\r\n", &[0xFE; 255], &[b'n'; 255]] {
            for room in ROOMS {
                let raw = [&[0, 0, 0][..], &name_field(name, 53), b"payload"].concat();
                scene.says(&raw);
                let (payload, source) = scene.received(room);
                assert_eq!(
                    (&payload[..], source),
                    (&b"payload"[..], Address::Name(name.to_vec().into(), 53))
                );
                scene.says(&raw);
                let mut buf = vec![0; room + 300];
                let received = scene.socket.recv_in_place(&mut buf).expect("a datagram");
                assert_eq!(received.source, anysocks::udp::Source::Name(name, 53));
                assert_eq!(received.payload, b"payload");
            }
        }
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// The system hands over what the relay sends, and nothing else.
#[test]
fn other_senders() {
    on_all(|scene| {
        let other = UdpSocket::bind("127.0.0.1:0").expect("a port");
        for _ in 0..10 {
            other.send_to(&datagram(SOURCE, b"forged"), scene.socket.local_addr()).expect("sent");
        }
        scene.relays(SOURCE, b"payload");
        assert_eq!(scene.received(64).0, b"payload");
        scene.relays(SOURCE, b"and no other");
        assert_eq!(scene.received(64).0, b"and no other");
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// 10,000 that mean nothing, and among them 100 that do.
#[test]
fn much_of_it() {
    on_all(|scene| {
        for number in 0_u8..100 {
            for junk in 0..100 {
                match junk % 4 {
                    0 => scene.says(b""),
                    1 => scene.says(&[0xFF; 100]),
                    2 => scene.says(&fragment(1, SOURCE, b"part")),
                    _ => scene.says(&datagram(SOURCE, b"")[..9]),
                }
            }
            scene.relays(SOURCE, &[number]);
            assert_eq!(scene.received(64).0, [number]);
        }
        assert_eq!(scene.socket.dropped(), 10_000);
    });
}

/// A relay that always has more of it to send delays neither a call beyond its timeout nor a
/// non-blocking call.
#[test]
fn a_flood_of_it() {
    let limit = Duration::from_millis(200);
    on_all(|scene| {
        let (floods, over) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    // It may well be refused: the client's buffer is full.
                    let _ = scene.relay.send(&[0xFF; 100]);
                    floods.store(true, Relaxed);
                }
            });
            // However this ends, the flood must.
            let _over = Over(&over);
            while !floods.load(Relaxed) {
                thread::yield_now();
            }
            let started = Instant::now();
            let late = scene.socket.recv_from_within(limit, &mut [0; 64]).expect_err("nothing");
            assert_on_time(started, limit);
            assert_eq!(late.kind(), io::ErrorKind::TimedOut);
            let before = scene.socket.dropped();
            assert!(before > 64, "{before} datagrams are no flood");
            let error = scene.socket.try_recv_from(&mut [0; 64]).expect_err("nothing");
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            let taken = scene.socket.dropped() - before;
            assert!(taken <= 64, "{taken} datagrams in one call");
        });
    });
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// As which kind of error the system reports that nothing is bound to the peer's port.
const REFUSED: io::ErrorKind =
    if cfg!(windows) { io::ErrorKind::ConnectionReset } else { io::ErrorKind::ConnectionRefused };

/// A relay that is closed for a moment: the system's refusal is returned once, and the association
/// continues.
#[test]
fn refused() {
    everywhere(|front| {
        let scene = Setting::default().open(front);
        for receives in [true, false] {
            // The relay is connected to another address for a while, so that datagrams of the
            // client are refused.
            let away = UdpSocket::bind("127.0.0.1:0").expect("a port");
            scene.relay.connect(local(&away)).expect("away from the client");
            scene.socket.send_to(b"lost", SOURCE).expect("sent");
            let error = if receives {
                scene.socket.recv_from_within(PATIENCE, &mut [0; 64]).expect_err("refused")
            } else {
                scene.socket.send_to(b"not sent", SOURCE).expect_err("refused")
            };
            assert_eq!(error.kind(), REFUSED, "{error:?}");
            assert!(error.raw_os_error().is_some(), "{error:?}");
            scene.relay.connect(scene.socket.local_addr()).expect("back to the client");
            scene.socket.send_to(b"again", SOURCE).expect("sent");
            assert_eq!(scene.heard(), datagram(SOURCE, b"again"));
            scene.relays(SOURCE, b"and back");
            assert_eq!(scene.received(64).0, b"and back");
        }
    });
}
