//! A row of the tables: an exchange and what must come of it.

use crate::support::dialogue::Dialogue;
use crate::support::script::Line;
use anysocks::{Address, ErrorKind, Stage};

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) dialogue: Dialogue,
    pub(crate) lines: Vec<Line>,
    pub(crate) expected: Expected,
}

pub(crate) enum Expected {
    /// The tunnel is open, and this is BND.ADDR and BND.PORT.
    Bound(Address),
    /// BIND: the proxy's listening address, and the peer that has connected.
    Accepted { bound: Address, peer: Address },
    /// It fails, as soon as so many of the proxy's bytes have come.
    Fails { stage: Stage, kind: ErrorKind, decided: usize },
}

impl Row {
    pub(crate) fn bound(
        name: impl Into<String>,
        dialogue: Dialogue,
        lines: Vec<Line>,
        bound: Address,
    ) -> Self {
        Self { name: name.into(), dialogue, lines, expected: Expected::Bound(bound) }
    }

    /// A BIND: its dialogue is one of CONNECT yet.
    pub(crate) fn accepted(
        name: impl Into<String>,
        dialogue: Dialogue,
        lines: Vec<Line>,
        bound: Address,
        peer: Address,
    ) -> Self {
        let expected = Expected::Accepted { bound, peer };
        Self { name: name.into(), dialogue: dialogue.bind(), lines, expected }
    }

    /// An exchange whose last byte makes it fail.
    pub(crate) fn fails(
        name: impl Into<String>,
        dialogue: Dialogue,
        lines: Vec<Line>,
        stage: Stage,
        kind: ErrorKind,
    ) -> Self {
        let mut row = Self { name: name.into(), dialogue, lines, expected: Expected::Bound(ip("0.0.0.0:0")) };
        row.expected = Expected::Fails { stage, kind, decided: row.answers() };
        row
    }

    /// The same, and behind the byte that decides there are more, which must not matter.
    pub(crate) fn trailed(mut self, rest: &[u8]) -> Self {
        self.name.push_str(", and more");
        if let Some(Line::Proxy(_, bytes)) = self.lines.last_mut() {
            bytes.extend(rest);
        }
        self
    }

    /// Whether it fails before anything is granted.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.expected, Expected::Fails { stage, .. } if stage != Stage::SecondReply)
    }

    /// How much the proxy sends.
    pub(crate) fn answers(&self) -> usize {
        self.lines.iter().map(|line| if let Line::Proxy(_, bytes) = line { bytes.len() } else { 0 }).sum()
    }

    /// The number of bytes that the client has sent after each number of received bytes; the stage
    /// at that point, and the bytes received of its message.
    pub(crate) fn after(&self, heard: usize) -> (usize, Stage, usize) {
        let (mut said, mut from) = (0, 0);
        for line in &self.lines {
            match line {
                Line::Client(message) => said += message.len(),
                Line::Proxy(stage, message) if heard < from + message.len() => {
                    let stage = if heard == 0 { self.dialogue.first_stage() } else { *stage };
                    return (said, stage, heard - from);
                }
                Line::Proxy(_, message) => from += message.len(),
            }
        }
        unreachable!("nothing is waited for any more in {}", self.name)
    }

    /// At which stage the client writes this byte.
    pub(crate) fn written_at(&self, byte: usize) -> Stage {
        let mut said = 0;
        let mut lines = self.lines.iter();
        while let Some(line) = lines.next() {
            let Line::Client(message) = line else { continue };
            let first = said == 0;
            said += message.len();
            match lines.clone().next() {
                Some(Line::Proxy(stage, _)) if byte < said => {
                    return if first { self.dialogue.first_stage() } else { *stage };
                }
                _ => {}
            }
        }
        unreachable!("no such byte in {}", self.name)
    }

    /// All bytes of the client.
    pub(crate) fn said(&self) -> usize {
        self.lines.iter().map(|line| if let Line::Client(bytes) = line { bytes.len() } else { 0 }).sum()
    }
}

pub(crate) fn ip(addr: &str) -> Address {
    Address::Ip(addr.parse().expect("an address"))
}

pub(crate) fn name(bytes: &[u8], port: u16) -> Address {
    Address::Name(bytes.to_vec().into(), port)
}
