//! Scripts of received datagrams, with the result of each.

use super::*;
use crate::protocol::udp::fragments::Fragments;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SOURCES: [Source<'_>; 6] = [
    Source::Ip(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 53)),
    Source::Ip(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 54)),
    Source::Ip(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 53)),
    Source::Name(b"a.example", 53),
    Source::Name(b"a.example", 54),
    Source::Name(b"b.example", 54),
];

/// A received datagram. By default it is from the first source, without a delay, and completes
/// nothing.
#[derive(Clone)]
struct Step {
    source: usize,
    after: Duration,
    fragment: u8,
    payload: Vec<u8>,
    complete: Option<Vec<u8>>,
    lost: u64,
}

fn step(fragment: u8, payload: impl AsRef<[u8]>) -> Step {
    let payload = payload.as_ref().to_vec();
    Step { source: 0, after: Duration::ZERO, fragment, payload, complete: None, lost: 0 }
}

impl Step {
    fn of(self, source: usize) -> Self {
        Self { source, ..self }
    }

    fn after(self, millis: u64) -> Self {
        Self { after: Duration::from_millis(millis), ..self }
    }

    fn gives(self, payload: impl AsRef<[u8]>) -> Self {
        Self { complete: Some(payload.as_ref().to_vec()), ..self }
    }

    fn loses(self, lost: u64) -> Self {
        Self { lost, ..self }
    }
}

/// Runs the script, and then lets all queues expire: each datagram was returned or lost.
fn run(options: &Reassembly, script: &[Step]) {
    let mut reassembler = Reassembler::new(options.clone());
    let mut now = Instant::now();
    let mut open = 0;
    for (index, step) in script.iter().enumerate() {
        now += step.after;
        let source = SOURCES[step.source].to_address();
        let datagram =
            Datagram { fragment: step.fragment, source: SOURCES[step.source], payload: &step.payload };
        let Taken { complete, lost } = reassembler.take(&datagram, now);
        let complete = complete.map(Cow::into_owned);
        assert!(complete == step.complete, "step {index}, of {source}: {complete:?}");
        assert_eq!(lost, step.lost, "step {index}, of {source}");
        let given = if complete.is_some() { u64::from(step.fragment & !LAST).max(1) } else { 0 };
        open = open + 1 - lost - given;
        assert!(reassembler.waiting() <= options.max_bytes, "step {index}");
        assert!(reassembler.queues.len() <= options.max_sources, "step {index}");
    }
    let other = Datagram { fragment: 0, source: Source::Name(b"", 0), payload: b"" };
    let late = reassembler.take(&other, now + options.timer);
    assert_eq!(late, Taken { complete: Some(Cow::Borrowed(b"")), lost: open });
    assert_eq!(reassembler.waiting(), 0);
}

fn each(scripts: &[(&str, &[Step])]) {
    for (name, script) in scripts {
        // Shown when the script fails.
        println!("{name}");
        run(&Reassembly::new(), script);
    }
}

#[test]
fn whole() {
    each(&[
        ("two", &[step(0x01, "ab"), step(0x82, "c").gives("abc")]),
        ("one, which is the last", &[step(0x81, "ab").gives("ab")]),
        ("standalone", &[step(0x00, "ab").gives("ab")]),
        ("standalone and empty", &[step(0x00, "").gives("")]),
        ("the last is empty", &[step(0x01, "ab"), step(0x82, "").gives("ab")]),
        ("all are empty", &[step(0x01, ""), step(0x02, ""), step(0x83, "").gives("")]),
        (
            "one sequence after the other",
            &[
                step(0x01, "a"),
                step(0x82, "b").gives("ab"),
                step(0x01, "c"),
                step(0x02, "d"),
                step(0x83, "e").gives("cde"),
            ],
        ),
    ]);
}

#[test]
fn out_of_order() {
    each(&[
        ("the first is lost", &[step(0x02, "b").loses(1), step(0x83, "c").loses(1)]),
        ("a gap", &[step(0x01, "a"), step(0x03, "c").loses(2), step(0x84, "d").loses(1)]),
        ("a gap before the last", &[step(0x01, "a"), step(0x02, "b"), step(0x84, "d").loses(3)]),
        ("turned round", &[step(0x82, "b").loses(1), step(0x01, "a")]),
        (
            "a first fragment begins anew",
            &[step(0x01, "a"), step(0x02, "b"), step(0x01, "c").loses(2), step(0x82, "d").gives("cd")],
        ),
        (
            "a first fragment begins anew behind another",
            &[step(0x01, "a"), step(0x01, "c").loses(1), step(0x82, "d").gives("cd")],
        ),
        (
            "a smaller position that is no first one",
            &[
                step(0x01, "a"),
                step(0x02, "b"),
                step(0x03, "c"),
                step(0x02, "b").loses(4),
                step(0x84, "d").loses(1),
            ],
        ),
        (
            "a sequence of one among the parts of another",
            &[step(0x01, "a"), step(0x81, "b").gives("b").loses(1), step(0x82, "c").loses(1)],
        ),
        (
            "a standalone datagram among the parts of another",
            &[step(0x01, "a"), step(0x00, "b").gives("b").loses(1), step(0x82, "c").loses(1)],
        ),
        (
            "the last one of the sequence before",
            &[step(0x01, "a"), step(0x02, "b"), step(0x82, "c").loses(3), step(0x83, "d").loses(1)],
        ),
        (
            "position 0 with the end bit",
            &[step(0x80, "a").loses(1), step(0x01, "b"), step(0x80, "c").loses(2), step(0x82, "d").loses(1)],
        ),
    ]);
}

#[test]
fn twice() {
    each(&[
        (
            "the newest",
            &[
                step(0x01, "a"),
                step(0x01, "a").loses(1),
                step(0x02, "bc"),
                step(0x02, "bc").loses(1),
                step(0x02, "bc").loses(1),
                step(0x83, "d").gives("abcd"),
            ],
        ),
        (
            "an empty one",
            &[
                step(0x01, "a"),
                step(0x02, ""),
                step(0x02, "").loses(1),
                step(0x02, "a").loses(3),
                step(0x83, "b").loses(1),
            ],
        ),
        ("the last", &[step(0x01, "a"), step(0x82, "b").gives("ab"), step(0x82, "b").loses(1)]),
        (
            "the newest, but as the last",
            &[step(0x01, "a"), step(0x02, "b"), step(0x82, "b").loses(3), step(0x83, "c").loses(1)],
        ),
        (
            "the position of another sequence",
            &[step(0x01, "a"), step(0x02, "b"), step(0x02, "B").loses(3), step(0x83, "C").loses(1)],
        ),
    ]);
}

#[test]
fn sources() {
    let interleaved: Vec<_> = [0x01, 0x02, 0x83]
        .into_iter()
        .flat_map(|fragment| (0..SOURCES.len()).map(move |source| (fragment, source)))
        .map(|(fragment, source)| {
            let part = format!("{source}{fragment:02x} ");
            let step = step(fragment, part).of(source);
            if fragment == 0x83 { step.gives(format!("{source}01 {source}02 {source}83 ")) } else { step }
        })
        .collect();
    let apart = [
        step(0x01, "a"),
        step(0x82, "b").of(1).loses(1),
        step(0x00, "c").of(3).gives("c"),
        step(0x01, "d").of(4),
        step(0x80, "e").of(2).loses(1),
        step(0x82, "f").gives("af"),
        step(0x82, "g").of(4).gives("dg"),
    ];
    each(&[("interleaved", &interleaved), ("what one loses is not another's", &apart)]);
}

#[test]
fn timer() {
    let script = |timer: u64| {
        [
            step(0x01, "a"),
            step(0x02, "b").after(timer - 1),
            // The timer starts with the first fragment.
            step(0x83, "c").after(1).loses(3),
            step(0x01, "d"),
            step(0x01, "e").of(1).after(1),
            step(0x82, "f").after(timer - 2).gives("df"),
            step(0x00, "g").of(2).after(2).gives("g").loses(1),
            step(0x82, "h").of(1).loses(1),
        ]
    };
    run(&Reassembly::new(), &script(5_000));
    run(&Reassembly::new().timer(Duration::from_secs(9)), &script(9_000));
    run(&Reassembly::new().timer(Duration::ZERO), &script(5_000));
    run(&Reassembly::new().timer(Duration::from_millis(4_999)), &script(5_000));
}

#[test]
fn clock_goes_backwards() {
    let mut reassembler = Reassembler::new(Reassembly::new());
    let earlier = Instant::now();
    let now = earlier + Duration::from_secs(60);
    for (fragment, at, complete) in [(0x01, now, None), (0x82, earlier, Some(Cow::Borrowed(&b"aa"[..])))] {
        let taken = reassembler.take(&Datagram { fragment, source: SOURCES[0], payload: b"a" }, at);
        assert_eq!(taken, Taken { complete, lost: 0 });
    }
}

#[test]
fn as_many_as_there_are_positions() {
    let parts: Vec<_> = (1..=127).map(|position: u8| step(position, [position; 2])).collect();
    let whole: Vec<_> = (1..=127).flat_map(|position| [position; 2]).collect();
    let mut script = parts.clone();
    script[126] = step(0xFF, [127; 2]).gives(&whole);
    run(&Reassembly::new(), &script);

    let mut endless = parts;
    endless.push(step(0x80, "x").loses(128));
    run(&Reassembly::new(), &endless);
}

#[test]
fn as_it_was_cut() {
    let payload: Vec<_> = (0..=u8::MAX).cycle().take(LONGEST).collect();
    for fragment_len in [517, 1_000, 32_768, 65_534, 65_535] {
        let mut script: Vec<_> = Fragments::of(&payload, fragment_len)
            .unwrap()
            .map(|(fragment, part)| step(fragment, part))
            .collect();
        let last = script.pop().unwrap();
        script.push(last.gives(&payload));
        run(&Reassembly::new(), &script);
    }
}

#[test]
fn longer_than_a_datagram() {
    let half = vec![1; 32_768];
    run(
        &Reassembly::new(),
        &[
            step(0x01, &half),
            step(0x82, &half).loses(2),
            step(0x01, &half),
            step(0x02, &half[1..]),
            step(0x03, "").after(1),
            step(0x04, "x").loses(4),
            step(0x85, "y").loses(1),
        ],
    );
}

#[test]
fn no_more_bytes() {
    run(
        &Reassembly::new().max_bytes(8),
        &[
            step(0x01, "123456789").loses(1),
            step(0x82, "0").loses(1),
            // The queues are full, and whole datagrams still pass.
            step(0x01, "1234"),
            step(0x01, "5678").of(1),
            step(0x00, "123456789").of(2).gives("123456789"),
            step(0x81, "123456789").of(2).gives("123456789"),
            // A completed datagram leaves its room.
            step(0x82, "abcd").of(1).gives("5678abcd"),
            step(0x02, "5678"),
            step(0x83, "9").loses(3),
        ],
    );
}

#[test]
fn the_longest_waiting_makes_room() {
    run(
        &Reassembly::new().max_bytes(8),
        &[
            step(0x01, "a"),
            step(0x01, "cc").of(1),
            step(0x01, "dd").of(2),
            step(0x02, "b"),
            // The first source's queue is the oldest, but the second source has waited longest for
            // its next fragment.
            step(0x01, "eee").of(3).loses(1),
            // And then the third.
            step(0x02, "ff").of(3).loses(1),
            step(0x82, "g").of(1).loses(1),
            step(0x82, "h").of(2).loses(1),
            step(0x83, "i").gives("abi"),
            step(0x83, "k").of(3).gives("eeeffk"),
        ],
    );
}

#[test]
fn no_more_sources() {
    run(
        &Reassembly::new().max_sources(2),
        &[
            step(0x01, "a"),
            step(0x01, "b").of(1),
            step(0x02, "c"),
            // The second source has waited longest for its next fragment, though the first one's
            // began earlier.
            step(0x01, "d").of(2).loses(1),
            step(0x83, "e").gives("ace"),
            step(0x82, "f").of(1).loses(1),
            step(0x82, "g").of(2).gives("dg"),
        ],
    );
    for one in [0, 1] {
        run(
            &Reassembly::new().max_sources(one),
            &[step(0x01, "a"), step(0x82, "b").gives("ab"), step(0x01, "c"), step(0x01, "d").of(1).loses(1)],
        );
    }
}

#[test]
fn only_several_fragments_are_copied() {
    let mut reassembler = Reassembler::new(Reassembly::new());
    for fragment in [0x00, 0x81] {
        let datagram = Datagram { fragment, source: SOURCES[0], payload: b"lent" };
        assert!(matches!(reassembler.take(&datagram, Instant::now()).complete, Some(Cow::Borrowed(b"lent"))));
    }
}

#[test]
fn no_payload_is_shown() {
    let mut reassembler = Reassembler::new(Reassembly::new());
    let datagram = Datagram { fragment: 0x01, source: SOURCES[0], payload: &[123; 7] };
    assert_eq!(reassembler.take(&datagram, Instant::now()).lost, 0);
    let shown = format!("{reassembler:?}");
    assert!(shown.contains("queues: 1, waiting: 7") && !shown.contains("123"), "{shown}");
}
