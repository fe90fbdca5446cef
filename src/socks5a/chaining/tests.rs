//! Sequences against a proxy of a few lines, with records switched on anywhere.

use super::*;
use crate::protocol::encapsulation::Encapsulation;
use crate::protocol::socks5::Credentials;
use crate::socks5a::crypto::{self, Mac};
use crate::socks5a::exchange::tests::play;
use crate::socks5a::order::{Need, Plan};
use crate::socks5a::{Eaf, Factor, Jitter, Member, Obfuscation, Psk, Tol, message, records};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

const PSK: [u8; 32] = [7; 32];

fn psk() -> Psk {
    Psk::new(PSK).unwrap()
}

fn plan(codes: &[u8], obfuscation: Obfuscation) -> Plan {
    let member = |code: u8| -> Member {
        match code {
            EAF => Eaf::new(psk(), Factor::token("t").unwrap()).into(),
            TOL => Tol::new(obfuscation).psk(psk()).into(),
            _ => Credentials::new("u", "p").unwrap().into(),
        }
    };
    Plan { members: codes.iter().map(|code| (member(*code), Need::Required)).collect(), in_any_order: false }
}

/// The proxy's end: it answers as soon as all of the client's next message is there.
struct Proxy {
    frames: Option<Frames>,
    /// Plain bytes of the client that were not read yet.
    heard: Vec<u8>,
    /// What it has to send.
    pending: Vec<u8>,
    /// What it selects, and what its Result announces.
    selections: Vec<u8>,
    control: Option<u8>,
    key: Option<Key>,
    running: Option<u8>,
    is_greeted: bool,
    capabilities: Vec<u8>,
}

impl Proxy {
    fn new(selections: &[u8], control: Option<u8>) -> Self {
        let mut proxy = Self {
            frames: None,
            heard: Vec::new(),
            pending: Vec::new(),
            selections: selections.to_vec(),
            control,
            key: None,
            running: None,
            is_greeted: false,
            capabilities: Vec::new(),
        };
        proxy.select();
        proxy
    }

    fn say(&mut self, plain: &[u8]) {
        match &mut self.frames {
            None => self.pending.extend(plain),
            Some(frames) => {
                frames.outgoing.put_all(plain).unwrap();
                self.pending.extend(frames.outgoing.pending());
                frames.outgoing.sent(frames.outgoing.pending().len());
            }
        }
    }

    fn select(&mut self) {
        while !self.selections.is_empty() {
            let method = self.selections.remove(0);
            self.say(&[5, method]);
            if method == TOL {
                let key = self.key.take().unwrap_or_else(|| crypto::tol_key(&PSK));
                let records: Encapsulation = records::encapsulation(&*key, Obfuscation::Masking, None);
                self.frames = Some(records.into());
            } else {
                self.running = Some(method);
                return;
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        match &mut self.frames {
            None => self.heard.extend(bytes),
            Some(frames) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let room = frames.incoming.room();
                    let n = room.len().min(rest.len());
                    room[..n].copy_from_slice(&rest[..n]);
                    frames.incoming.filled(n);
                    rest = &rest[n..];
                    let mut buf = [0; 256];
                    while let n @ 1.. = frames.incoming.take(&mut buf).unwrap() {
                        self.heard.extend(&buf[..n]);
                    }
                }
            }
        }
        match self.running {
            Some(PASSWORD) if self.heard == b"\x01\x01u\x01p" => {
                self.say(&[1, 0]);
                self.next();
            }
            Some(EAF) if !self.is_greeted && self.heard == [1] => {
                self.is_greeted = true;
                self.heard.clear();
                self.say(&[1]);
            }
            // `05 00 01 t`, 7 bytes of capabilities and 27 of context.
            Some(EAF) if self.is_greeted && self.heard.len() == 5 + 4 + 7 + 27 + 32 => {
                let nonce = self.heard[5 + 4 + 7 + 3 + 8..][..16].to_vec();
                self.capabilities = self.heard[5 + 4 + 3..][..4].to_vec();
                let control = self.control.map_or(Vec::new(), |method| vec![6, 0, 1, method]);
                let metadata = [&b"\x04\x00\x18\0\0\0\0\0\0\0\x09"[..], &nonce, &control].concat();
                let mac = Mac::new(&*crypto::server_key(&PSK));
                let result = message::seal(&mac, &[5, 0], &metadata).unwrap();
                let transcript = Sha256::new().chain_update(&self.heard).chain_update(&*result);
                self.key = Some(crypto::session_key(transcript, &PSK, b""));
                self.say(&result);
                self.next();
            }
            _ => {}
        }
    }

    fn next(&mut self) {
        self.heard.clear();
        self.running = None;
        self.select();
    }
}

/// Plays a sequence. Each read has at most `piece` bytes.
fn run(plan: Plan, proxy: &mut Proxy, piece: usize) -> Result<Negotiated, crate::Error> {
    let mut chaining = Chaining::start(Arc::new(plan).begin(), false);
    loop {
        while let Some(pause) = chaining.pause() {
            pause.end();
        }
        let mut scratch = Scratch::new();
        let n = match chaining.step(&mut scratch) {
            Step::Write(bytes) => {
                let n = bytes.len().min(piece);
                proxy.hear(&bytes[..n]);
                n
            }
            Step::Read(room) => {
                let n = room.len().min(piece).min(proxy.pending.len());
                room[..n].copy_from_slice(&proxy.pending[..n]);
                proxy.pending.drain(..n);
                n
            }
            Step::Done(negotiated) => {
                assert_eq!(proxy.pending, b"");
                return Ok(negotiated);
            }
        };
        chaining.advance(n)?;
        assert!(n > 0, "the proxy has said no more");
    }
}

fn error(plan: Plan, selections: &[u8], control: Option<u8>) -> String {
    let error = run(plan, &mut Proxy::new(selections, control), usize::MAX).unwrap_err();
    assert_eq!(error.stage(), Stage::Authentication);
    Error::of(&error).map_or_else(|| format!("{:?}", error.kind()), |error| format!("{error:?}"))
}

#[test]
fn all_orders_in_pieces() {
    let jitter = Jitter::uniform(Duration::from_millis(1)..=Duration::from_millis(9)).unwrap();
    let orders: [&[u8]; 9] = [
        &[PASSWORD, EAF, TOL],
        &[PASSWORD, TOL, EAF],
        &[EAF, PASSWORD, TOL],
        &[EAF, TOL, PASSWORD],
        &[TOL, PASSWORD, EAF],
        &[TOL, EAF, PASSWORD],
        &[TOL],
        &[EAF],
        &[PASSWORD],
    ];
    for codes in orders {
        for obfuscation in [Obfuscation::None, Obfuscation::Padding, Obfuscation::Full(jitter)] {
            for piece in [1, 2, 3, 7, 64, usize::MAX] {
                for control in [None, Some(())] {
                    let selections = [codes, &[END]].concat();
                    // What EAF's Result announces.
                    let at = selections.iter().position(|code| *code == EAF).unwrap_or(0);
                    let mut proxy = Proxy::new(&selections, control.map(|()| selections[at + 1]));
                    let negotiated = run(plan(codes, obfuscation), &mut proxy, piece);
                    let mut negotiated = negotiated.unwrap_or_else(|error| panic!("{codes:02X?}: {error:?}"));
                    let session: &Session = negotiated.sessions[0].downcast_ref().unwrap();
                    assert_eq!(session.methods(), codes, "{piece}");
                    assert_eq!(session.identity().is_some(), codes.contains(&EAF));
                    assert!(negotiated.several_requests && negotiated.dialect.is_some());
                    assert_eq!(negotiated.take_frames().is_some(), codes.contains(&TOL));
                    if codes.contains(&EAF) {
                        let tol = u8::from(codes.contains(&TOL));
                        assert_eq!(proxy.capabilities, [0, 0, 2 + tol, 0x10]);
                    }
                }
            }
        }
    }
}

#[test]
fn violations() {
    let all = || plan(&[EAF, PASSWORD, TOL], Obfuscation::None);
    for (selections, control, expected) in [
        (&[REFUSED][..], None, "SequenceRefused"),
        (&[EAF, REFUSED], Some(PASSWORD), "SequenceRefused"),
        (&[END], None, "Incomplete(128)"),
        (&[EAF, PASSWORD, END], None, "Incomplete(129)"),
        (&[PASSWORD], None, "OutOfOrder(2)"),
        (&[TOL], None, "OutOfOrder(129)"),
        (&[EAF, EAF], None, "SelectedTwice(128)"),
        (&[EAF, PASSWORD, EAF], None, "SelectedTwice(128)"),
        (&[1], None, "NotInSequence(1)"),
        (&[0x82], None, "NotInSequence(130)"),
        (&[EAF, PASSWORD], Some(TOL), "ControlMismatch { announced: 129, selected: 2 }"),
        (&[EAF, PASSWORD], Some(END), "ControlMismatch { announced: 0, selected: 2 }"),
    ] {
        assert_eq!(error(all(), selections, control), expected, "{selections:02X?}");
    }
    let early = plan(&[EAF], Obfuscation::None);
    assert_eq!(error(early, &[EAF, END], Some(TOL)), "ControlMismatch { announced: 129, selected: 0 }");
}

/// What EAF has announced holds for the next selection alone.
#[test]
fn an_announcement_holds_once() {
    let plan = plan(&[EAF, PASSWORD, TOL], Obfuscation::None);
    run(plan, &mut Proxy::new(&[EAF, PASSWORD, TOL, END], Some(PASSWORD)), 5).unwrap();
}

#[test]
fn no_key_yet() {
    let optional = |member: Member| (member, Need::Optional);
    let eaf = Eaf::new(psk(), Factor::token("t").unwrap());
    let members = vec![optional(eaf.into()), optional(Tol::new(Obfuscation::None).into())];
    assert_eq!(error(Plan { members, in_any_order: false }, &[TOL], None), "OutOfOrder(129)");
}

/// With the key of EAF, records of TOL's own key are refused, and the other way round.
#[test]
fn records_of_another_key() {
    let mut proxy = Proxy::new(&[EAF, TOL, END], None);
    let other = Eaf::new(psk(), Factor::token("t").unwrap());
    let tol = Tol::new(Obfuscation::None).psk(psk());
    let members = vec![(other.into(), Need::Required), (tol.into(), Need::Required)];
    run(Plan { members, in_any_order: false }, &mut proxy, usize::MAX).unwrap();
    let tol = Tol::new(Obfuscation::None).psk(Psk::new([8; 32]).unwrap());
    let members = vec![(tol.into(), Need::Required)];
    assert_eq!(error(Plan { members, in_any_order: false }, &[TOL, END], None), "Signature");
}

/// Bytes behind the end, in the same record.
#[test]
fn out_of_turn() {
    let mut proxy = Proxy::new(&[TOL], None);
    proxy.frames = Some(records::encapsulation(&*crypto::tol_key(&PSK), Obfuscation::None, None).into());
    proxy.say(&[5, END, 5]);
    let plan = plan(&[TOL], Obfuscation::None);
    let error = run(plan, &mut proxy, usize::MAX).unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::Surplus)), "{error:?}");
}

/// STATUS and the next selection, or two selections, in one record and one by one.
#[test]
fn several_answers_in_one_record() {
    let mut proxy = Proxy::new(&[TOL], None);
    proxy.frames = Some(records::encapsulation(&*crypto::tol_key(&PSK), Obfuscation::None, None).into());
    proxy.say(&[5, PASSWORD, 1, 0, 5, END]);
    proxy.running = None;
    run(plan(&[TOL, PASSWORD], Obfuscation::Masking), &mut proxy, usize::MAX).unwrap();
}

#[test]
fn answers_that_are_none() {
    for (answers, expected) in [
        (&b"\x04"[..], "Malformed { field: \"VER\", byte: 4 }"),
        (b"\x05", "EndedEarly { received: 0 }"),
        (b"", "EndedEarly { received: 0 }"),
        (b"\x05\x02\x01\x07", "PasswordRefused(7)"),
        (b"\x05\x02\x02", "Malformed { field: \"VER\", byte: 2 }"),
        (b"\x05\x02\x01", "EndedEarly { received: 0 }"),
    ] {
        for piece in [1, 2] {
            let plan = Arc::new(plan(&[PASSWORD], Obfuscation::None));
            let (_, outcome) = play(&mut Chaining::start(plan.begin(), false), answers, piece);
            let error = outcome.unwrap_err();
            let found = Error::of(&error).map(|error| format!("{error:?}"));
            assert_eq!(found.unwrap_or_else(|| format!("{:?}", error.kind())), expected, "{answers:?}");
        }
    }
}
