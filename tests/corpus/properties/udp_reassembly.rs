//! Reassembly: the input is its limits, and then datagrams, each with a source, a delay, a FRAG
//! and a payload.

use super::dice::Dice;
use anysocks::Target;
use anysocks::udp::{Datagram, Header, Reassembler, Reassembly, Taken};
use std::time::{Duration, Instant};

const SOURCES: [(&str, u16); 6] = [
    ("192.0.2.1", 53),
    ("192.0.2.1", 54),
    ("2001:db8::1", 53),
    ("a.example", 53),
    ("b.example", 53),
    ("b.example", 54),
];

const LAST: u8 = 0x80;
const LONGEST: usize = 65_535;

pub(crate) fn holds(input: &[u8]) {
    anything(Dice(input));
    in_order_among_others(Dice(input));
}

/// A datagram that was received.
struct Received {
    source: usize,
    fragment: u8,
    payload: Vec<u8>,
    at: Instant,
}

impl Received {
    /// Four bytes of the input make one, so that it does not take many of them to reach a limit.
    fn roll(dice: &mut Dice<'_>, before: Instant) -> Self {
        let [when_and_whose, fragment, len, content] = [(); 4].map(|()| dice.byte());
        Self {
            source: usize::from(when_and_whose) % SOURCES.len(),
            fragment,
            payload: vec![content; 16 * usize::from(len)],
            at: before + Duration::from_millis(400) * u32::from(when_and_whose >> 4),
        }
    }

    /// The reassembler's result: the complete payload, and the number of lost datagrams.
    fn given_to(&self, reassembler: &mut Reassembler) -> (Option<Vec<u8>>, u64) {
        let from = Target::try_from(SOURCES[self.source]).unwrap();
        let bytes =
            [Header::new(&from).expect("an address").fragment(self.fragment).as_bytes(), &self.payload]
                .concat();
        let Taken { complete, lost, .. } = reassembler.take(&Datagram::parse(&bytes).unwrap(), self.at);
        (complete.map(Into::into), lost)
    }

    const fn position(&self) -> u8 {
        self.fragment & !LAST
    }

    fn repeats(&self, other: &Self) -> bool {
        self.fragment == other.fragment && self.payload == other.payload
    }
}

/// For any input: delivered payloads are right, every datagram is delivered or lost in the end,
/// and the limits hold.
fn anything(mut dice: Dice<'_>) {
    let timer = Duration::from_secs(u64::from(dice.byte() % 8));
    let max_bytes = 1024 * usize::from(dice.byte());
    let max_sources = usize::from(dice.byte() % 5);
    let mut reassembler =
        Reassembler::new(Reassembly::new().timer(timer).max_bytes(max_bytes).max_sources(max_sources));
    let timer = timer.max(Duration::from_secs(5));

    let mut now = Instant::now();
    let mut histories = SOURCES.map(|_| Vec::new());
    let mut open = 0;
    while !dice.0.is_empty() {
        let received = Received::roll(&mut dice, now);
        now = received.at;
        let (complete, lost) = received.given_to(&mut reassembler);
        let parts = u64::from(received.position().max(1));
        open = open + 1 - lost - complete.as_ref().map_or(0, |_| parts);
        assert!(reassembler.waiting() <= max_bytes, "{} of {max_bytes}", reassembler.waiting());

        let history: &mut Vec<Received> = &mut histories[received.source];
        if history.last().is_some_and(|newest| received.repeats(newest)) {
            history.pop();
        }
        history.push(received);
        if let Some(complete) = complete {
            assert_eq!(complete, joined(history, now, timer));
        }
    }
    let last = Received { source: 0, fragment: 0, payload: b"standalone".to_vec(), at: now + timer };
    assert_eq!(last.given_to(&mut reassembler), (Some(last.payload.clone()), open));
    assert_eq!(reassembler.waiting(), 0);
}

/// The payload that the newest datagram of a source completes. Of repeated fragments, the history
/// has only the newest.
fn joined(history: &[Received], now: Instant, timer: Duration) -> Vec<u8> {
    let newest = history.last().unwrap();
    if newest.fragment == 0 {
        return newest.payload.clone();
    }
    assert!(newest.fragment > LAST, "FRAG {:02X} completes nothing", newest.fragment);
    let parts = &history[history.len() - usize::from(newest.position())..];
    assert!(parts.iter().map(Received::position).eq(1..=newest.position()));
    assert!(parts[..parts.len() - 1].iter().all(|part| part.fragment < LAST));
    assert!(now - parts[0].at < timer, "the timer had expired");
    let joined: Vec<_> = parts.iter().flat_map(|part| &part.payload).copied().collect();
    assert!(joined.len() <= LONGEST);
    joined
}

/// A sequence is reassembled whole, whatever other sources send between its fragments.
fn in_order_among_others(mut dice: Dice<'_>) {
    let own = usize::from(dice.byte()) % SOURCES.len();
    let at = Instant::now();
    let mut reassembler = Reassembler::new(Reassembly::new().max_sources(2));
    let count = dice.byte() % 127 + 1;
    let mut whole = Vec::new();
    for position in 1..=count {
        let last = if position == count { LAST } else { 0 };
        let payload = vec![position; usize::from(dice.byte())];
        whole.extend_from_slice(&payload);
        let part = Received { source: own, fragment: last | position, payload, at };
        let expected = (last != 0).then(|| whole.clone());
        assert_eq!(part.given_to(&mut reassembler), (expected, 0), "{position} of {count}");

        let other = Received { at, ..Received::roll(&mut dice, at) };
        if other.source != own {
            other.given_to(&mut reassembler);
        }
    }
}
