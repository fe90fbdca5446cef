//! Fragments (RFC 1928 §7): sent on request, and reassembled with the option.

use crate::scene::{Scene, Setting, datagram, everywhere, fragment, inner, on_all};
use crate::support::case::Case;
use crate::support::echo::payload;
use anysocks::udp::{Options, Reassembly, RecvBatch};
use anysocks::{ErrorKind, Invalid};

const SOURCE: &str = "192.0.2.7:53";

fn with_reassembly(check: impl Fn(&Scene)) {
    everywhere(|front| {
        let options = Options::new().reassemble(Reassembly::new());
        check(&Setting { options, ..Setting::default() }.open(front));
    });
}

#[test]
fn on_the_wire() {
    on_all(|scene| {
        for target in [SOURCE, "[2001:db8::7]:53", "dns.example:53"] {
            for (payload, len, fragments) in [
                (&b""[..], 1, &[(0, &b""[..])][..]),
                (b"whole", 5, &[(0, b"whole")]),
                (b"whole", usize::MAX, &[(0, b"whole")]),
                (b"parts", 4, &[(1, b"part"), (0x82, b"s")]),
                (b"parts", 2, &[(1, b"pa"), (2, b"rt"), (0x83, b"s")]),
            ] {
                let _case = Case::new(format!("{payload:?} by {len} to {target}"));
                assert_eq!(scene.socket.send_fragmented(payload, target, len).expect("sent"), payload.len());
                for (number, part) in fragments {
                    assert_eq!(scene.heard(), fragment(*number, target, part));
                }
            }
        }
        let most = payload(127 * 3);
        assert_eq!(scene.socket.send_fragmented(&most, SOURCE, 3).expect("sent"), most.len());
        for (number, part) in (1..).zip(most.chunks(3)) {
            let last = if number == 127 { 0x80 } else { 0 };
            assert_eq!(scene.heard(), fragment(number | last, SOURCE, part));
        }
        for (len, invalid) in [(0, Invalid::FragmentSize), (2, Invalid::TooManyFragments(191))] {
            let error = scene.socket.send_fragmented(&most, SOURCE, len).expect_err("no fragments");
            let ErrorKind::Invalid(found) = inner(&error).kind() else { panic!("{error:?}") };
            assert_eq!(found, &invalid);
        }
    });
}

/// An implementation without reassembly must drop fragments.
#[test]
fn dropped_where_nothing_is_said() {
    on_all(|scene| {
        scene.says(&fragment(1, SOURCE, b"frag"));
        scene.says(&fragment(0x82, SOURCE, b"ment"));
        scene.says(&fragment(0x81, SOURCE, b"only"));
        scene.relays(SOURCE, b"payload");
        assert_eq!(scene.received(64).0, b"payload");
        assert_eq!(scene.socket.dropped(), 3);
    });
}

#[test]
fn put_together() {
    with_reassembly(|scene| {
        let long = payload(50_000);
        let numbered: Vec<_> = long.chunks(1000).zip(1..).collect();
        for (part, number) in &numbered {
            scene.says(&fragment(*number | if *number == 50 { 0x80 } else { 0 }, SOURCE, part));
        }
        let (received, source) = scene.received(65_535);
        assert!(received == long, "other bytes");
        assert_eq!(source.to_string(), SOURCE);
        // Two sources in turns, and whole ones between.
        scene.says(&fragment(1, SOURCE, b"frag"));
        scene.says(&fragment(1, "dns.example:53", b"other "));
        scene.relays("[2001:db8::7]:53", b"whole");
        scene.says(&fragment(0x82, "dns.example:53", b"fragment"));
        scene.says(&fragment(0x82, SOURCE, b"ment"));
        for (source, payload) in [
            ("[2001:db8::7]:53", &b"whole"[..]),
            ("dns.example:53", b"other fragment"),
            (SOURCE, b"fragment"),
        ] {
            let (received, from) = scene.received(64);
            assert_eq!((&received[..], from.to_string().as_str()), (payload, source));
        }
        scene.says(&fragment(0x81, SOURCE, b"only"));
        assert_eq!(scene.received(64).0, b"only");
        assert_eq!(scene.socket.dropped(), 0);
    });
}

#[test]
fn lost_ones_are_counted() {
    with_reassembly(|scene| {
        for (numbers, lost) in
            [(&[2][..], 1), (&[1, 3], 2), (&[1, 1], 1), (&[1, 2, 0x84], 3), (&[0x80], 1), (&[1, 2, 3], 3)]
        {
            let _case = Case::new(format!("{numbers:?}"));
            let before = scene.socket.dropped();
            for number in numbers {
                scene.says(&fragment(*number, SOURCE, b"part"));
            }
            // What is standalone ends what was begun.
            scene.relays(SOURCE, b"whole");
            assert_eq!(scene.received(64).0, b"whole");
            let still_waits = u64::from(numbers == [1, 1]);
            assert_eq!(scene.socket.dropped(), before + lost + still_waits);
        }
        let before = scene.socket.dropped();
        scene.says(b"junk");
        scene.relays(SOURCE, b"whole");
        assert_eq!(scene.received(64).0, b"whole");
        assert_eq!(scene.socket.dropped(), before + 1);
    });
}

/// Every receiving call delivers a reassembled payload as it does any other.
#[test]
fn by_every_call() {
    with_reassembly(|scene| {
        let parts = || {
            scene.says(&fragment(1, "dns.example:53", b"frag"));
            scene.says(&fragment(0x82, "dns.example:53", b"ment"));
        };
        parts();
        let mut buf = [0; 64];
        let received = scene.socket.recv_in_place(&mut buf).expect("a datagram");
        assert_eq!((received.payload, received.fragment), (&b"fragment"[..], 0));
        assert_eq!(received.source, anysocks::udp::Source::Name(b"dns.example", 53));
        parts();
        assert_eq!(scene.socket.recv(&mut buf).expect("a datagram"), 8);
        assert_eq!(&buf[..8], b"fragment");
        parts();
        assert_eq!(scene.received(4).0, b"frag");
        // The source's name has no room.
        parts();
        scene.relays(SOURCE, b"whole");
        let before = scene.socket.dropped();
        assert_eq!(scene.socket.recv_in_place(&mut [0; 10]).expect("the next").payload, b"whole");
        assert_eq!(scene.socket.dropped(), before + 1);
        let mut batch = RecvBatch::new(2);
        parts();
        assert_eq!(scene.socket.recv_batch(&mut batch).expect("a datagram"), 1);
        let received = batch.iter().next().expect("a datagram");
        assert_eq!(
            (received.payload, received.source.to_string().as_str()),
            (&b"fragment"[..], "dns.example:53")
        );
    });
}

/// A peer's fragments alone are put together.
#[test]
fn of_the_peer() {
    with_reassembly(|scene| {
        scene.socket.connect(SOURCE).expect("a target");
        scene.says(&fragment(1, SOURCE, b"frag"));
        scene.says(&fragment(1, "192.0.2.8:53", b"for"));
        scene.says(&fragment(0x82, "192.0.2.8:53", b"ged"));
        scene.says(&fragment(0x82, SOURCE, b"ment"));
        assert_eq!(scene.received(64).0, b"fragment");
        assert_eq!(scene.socket.dropped(), 2);
        assert_eq!(scene.socket.send(b"hello").expect("sent"), 5);
        assert_eq!(scene.heard(), datagram(SOURCE, b"hello"));
    });
}
