//! Associations over sockets on every front end.

use crate::association::{self, datagram};
use crate::fronts::{FRONTS, Front};
use crate::messages::Speaks;
use crate::support::case::Case;
use crate::support::echo::payload;
use crate::support::methods::gssapi::{DATA, End, HEADER, LEVEL, OVERHEAD, Play};
use crate::{KNOWN, PROTECTED, at};
use anysocks::gssapi::Level;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use std::cell::RefCell;
use std::net::Shutdown;

const SOURCE: &str = "192.0.2.7:53";

/// An association, and the relay with its end of the context.
struct Scene {
    inner: association::Scene,
    end: RefCell<End>,
    is_confidential: bool,
}

impl Scene {
    fn open(front: &Front, level: Option<Level>) -> Self {
        let gss = Play::new(2, level);
        let mut end = End::proxy();
        let lines = |relay: &str| {
            let (lines, proxys) =
                gss.granted(&Speaks::Socks5.request(3, "0.0.0.0:0"), &Speaks::Socks5.granted(relay));
            end = proxys.after(KNOWN);
            lines
        };
        let inner = association::Scene::of(front, lines, |addr| at(addr, &gss));
        Self { inner, end: end.into(), is_confidential: gss.is_confidential() }
    }

    /// The next datagram at the relay, opened.
    fn heard(&self) -> Vec<u8> {
        let (datagram, mut plain) = (self.inner.heard(), Vec::new());
        assert_eq!(datagram[..2], [1, DATA]);
        assert_eq!(usize::from(u16::from_be_bytes([datagram[2], datagram[3]])), datagram.len() - HEADER);
        let unwrapped = self.end.borrow_mut().unwrap(&datagram[HEADER..], &mut plain).expect("a datagram");
        assert_eq!(unwrapped.confidential, self.is_confidential);
        plain
    }

    fn sealed(&self, payload: &[u8]) -> Vec<u8> {
        self.end.borrow_mut().message(DATA, self.is_confidential, &datagram(SOURCE, payload))
    }

    fn received(&self) -> Vec<u8> {
        self.inner.received(1 << 16).0
    }
}

fn each_association(check: impl Fn(&Scene)) {
    for level in PROTECTED {
        for front in FRONTS {
            let _case = Case::new(format!("{level:?} on {}", front.name));
            check(&Scene::open(front, level));
        }
    }
}

#[test]
fn datagrams() {
    each_association(|scene| {
        for len in [0, 1, 1200, 8000, 60_000] {
            let payload = payload(len);
            scene.inner.socket.send_to(&payload, SOURCE).expect("sent");
            assert!(scene.heard() == datagram(SOURCE, &payload), "other bytes");
            let mut buf = [&[0; HEADROOM][..], &payload].concat();
            scene.inner.socket.send_in_place(&mut buf, SOURCE).expect("sent");
            assert!(scene.heard() == datagram(SOURCE, &payload), "other bytes");
            scene.inner.says(&scene.sealed(&payload));
            assert!(scene.received() == payload, "other bytes");
        }
        let mut batch = SendBatch::new();
        for n in 0..8 {
            batch.push(&[n; 100], SOURCE).expect("room");
        }
        while !batch.is_empty() {
            scene.inner.socket.send_batch(&mut batch).expect("sent");
        }
        for n in 0..8 {
            assert_eq!(scene.heard(), datagram(SOURCE, &[n; 100]));
        }
        scene.inner.says(&scene.sealed(b"batch"));
        let mut batch = RecvBatch::new(4);
        assert_eq!(scene.inner.socket.recv_batch(&mut batch).expect("a datagram"), 1);
        assert_eq!(scene.inner.socket.dropped(), 0);
    });
}

/// Gaps and late ones pass. Repeated ones are dropped and counted.
#[test]
fn datagrams_that_are_lost_swapped_and_doubled() {
    each_association(|scene| {
        let sealed: Vec<_> = (0..6_u8).map(|n| scene.sealed(&[n])).collect();
        // 1 is lost, 2 and 3 are swapped.
        for n in [0, 0, 3, 2, 3, 2, 4, 5, 0] {
            scene.inner.says(&sealed[n]);
        }
        let last = scene.sealed(b"last");
        scene.inner.says(&last);
        let heard: Vec<_> = (0..6).map(|_| scene.received()).collect();
        assert_eq!(heard, [&[0][..], &[3], &[2], &[4], &[5], b"last"]);
        assert_eq!(scene.inner.socket.dropped(), 4);
    });
}

/// Those that are no message, forged or bare are dropped and counted.
#[test]
fn datagrams_that_are_refused() {
    each_association(|scene| {
        let whole = scene.sealed(b"whole");
        let mut forged = scene.sealed(b"forged");
        *forged.last_mut().expect("a sum") ^= 1;
        let longer = [&scene.sealed(b"longer")[..], &[0]].concat();
        let another =
            scene.end.borrow_mut().message(LEVEL, scene.is_confidential, &datagram(SOURCE, b"level"));
        let mut refused: Vec<Vec<u8>> =
            vec![vec![], vec![1], vec![1, 0xFF], vec![1, 3, 0, 0], whole[..whole.len() - 1].to_vec()];
        refused.extend([forged, longer, another, datagram(SOURCE, b"bare")]);
        if scene.is_confidential {
            refused.push(scene.end.borrow_mut().message(DATA, false, &datagram(SOURCE, b"not encrypted")));
        }
        for datagram in &refused {
            scene.inner.says(datagram);
        }
        scene.inner.says(&whole);
        assert_eq!(scene.received(), b"whole");
        assert_eq!(scene.inner.socket.dropped(), refused.len() as u64);
    });
}

#[test]
fn the_longest_datagram() {
    each_association(|scene| {
        let overhead = 4 + OVERHEAD[usize::from(scene.is_confidential)];
        let longest = scene.inner.socket.max_payload(SOURCE);
        assert_eq!(longest, 65_507 - overhead - datagram(SOURCE, b"").len());
        let payload = payload(longest);
        scene.inner.socket.send_to(&payload, SOURCE).expect("sent");
        assert!(scene.heard() == datagram(SOURCE, &payload), "other bytes");
        scene.inner.socket.send_to(&vec![7; longest + 1], SOURCE).expect_err("too long");
        scene.inner.socket.send_to(&vec![7; 1 << 17], SOURCE).expect_err("too long for a message");
        scene.inner.says(&scene.sealed(&payload));
        assert!(scene.received() == payload, "other bytes");
    });
}

/// After an error of one datagram, others pass. The datagrams share their numbers with the frames
/// of the TCP connection, whose end is noticed.
#[test]
fn the_end_of_an_association() {
    each_association(|scene| {
        scene.inner.socket.send_to(b"first", SOURCE).expect("sent");
        assert_eq!(scene.heard(), datagram(SOURCE, b"first"));
        scene.inner.control().shutdown(Shutdown::Both).expect("an open connection");
        let ended = scene.inner.socket.closed();
        assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionAborted, "{ended}");
    });
}

/// A METHOD without protection leaves datagrams bare.
#[test]
fn bare_datagrams() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let gss = Play::new(2, None);
        let lines = |relay: &str| {
            gss.granted(&Speaks::Socks5.request(3, "0.0.0.0:0"), &Speaks::Socks5.granted(relay)).0
        };
        let scene = association::Scene::of(front, lines, |addr| at(addr, &gss));
        scene.socket.send_to(b"bare", SOURCE).expect("sent");
        assert_eq!(scene.heard(), datagram(SOURCE, b"bare"));
    }
}
