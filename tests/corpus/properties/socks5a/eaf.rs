//! EAF: the input is what the client is configured with, the chunks, and the proxy's messages.
//! Their HMACs are right, except where a byte is changed.

mod reference;

use super::super::dice::Dice;
use super::super::pieces::cycle;
use super::keys::mac;
use super::message::Message;
use super::metadata::{ClientMetadata, Entry};
use super::{KEYS, REPLY, psk, target};
use anysocks::protocol::{Conversation, Established, Scratch, Socks5, Step};
use anysocks::socks5a::{Capabilities, Eaf, Error, Factor, Session};
use anysocks::{Auth, ErrorKind, Stage};
use reference::{Heard, Told};
use std::time::SystemTime;

const CHALLENGE_RESPONSE: u8 = 2;
const TOKEN: u8 = 5;

const SECRET: &[u8] = b"a secret";
const GREETING: &[u8] = b"\x05\x01\x80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let client = Client { is_challenged: dice.byte() % 2 == 1, exchanges_keys: dice.byte() % 2 == 1 };
    let chunks = dice.chunks();
    let version = if dice.byte() % 8 == 7 { dice.byte() } else { 1 };
    let answers: Vec<_> = (0..dice.byte() % 4).map(|_| Answer::from(&client, &mut dice)).collect();
    let proxy = Proxy { version, answers, rest: dice.0 };
    for sizes in [&[0][..], &[1], chunks] {
        client.check(&proxy, sizes);
    }
}

/// What the client is configured with.
#[derive(Debug)]
struct Client {
    is_challenged: bool,
    exchanges_keys: bool,
}

impl Client {
    const fn mid(&self) -> u8 {
        if self.is_challenged { CHALLENGE_RESPONSE } else { TOKEN }
    }

    fn auth(&self) -> Auth {
        let factor =
            if self.is_challenged { Factor::challenge_response(SECRET) } else { Factor::token(SECRET) };
        let eaf = Eaf::new(psk(), factor.expect("a factor")).identity("alice").expect("a short one");
        eaf.key_exchange(self.exchanges_keys).auth()
    }

    /// The outcome is the reference's, and so are the client's messages.
    fn check(&self, proxy: &Proxy<'_>, sizes: &[u8]) {
        let mut dialogue = Dialogue::with(self, proxy);
        let outcome = dialogue.drive(sizes);
        let expected = dialogue.heard.as_ref();
        match (outcome, expected.map(|heard| &heard.outcome)) {
            (Ok(established), Some(Ok(told))) => {
                assert_eq!(established.bound.to_string(), "192.0.2.7:12345");
                assert_eq!(dialogue.read, dialogue.wire.len());
                told.check(established.session().expect("a session"));
            }
            (Err(error), None) => {
                // The proxy's version.
                let expected = match proxy.version {
                    0xFF => "VersionRefused".into(),
                    byte => format!("Malformed {{ field: \"VER\", byte: {byte} }}"),
                };
                assert_eq!(text(&error), expected);
            }
            (Err(error), Some(Err(expected))) => assert_eq!(text(&error), *expected, "{sizes:?}"),
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?} in chunks of {sizes:?}"),
        }
        if let Some(heard) = expected {
            let responses: Vec<_> = heard.challenge.iter().collect();
            dialogue.check_said(self, &responses, heard.outcome.is_ok());
        }
    }
}

fn text(error: &anysocks::Error) -> String {
    assert_eq!(error.stage(), Stage::Authentication, "{error:?}");
    match (Error::of(error), error.kind()) {
        (Some(error), _) => format!("{error:?}"),
        (None, ErrorKind::ClosedDuringMethod { code: 0x80, .. }) => reference::CLOSED.into(),
        _ => panic!("{error:?} of a proxy's bytes"),
    }
}

impl Told {
    fn check(&self, session: &Session) {
        assert_eq!(session.methods(), [0x80]);
        assert_eq!(session.identity(), Some("alice"));
        assert_eq!(session.server_capabilities().map(Capabilities::bits), self.capabilities);
        assert_eq!(session.parameters(), self.parameters.as_deref());
        // A time that is out of range is none.
        if let Some(time) = session.server_time() {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("no earlier time");
            assert_eq!(since.as_secs(), self.time);
        }
    }
}

struct Proxy<'i> {
    version: u8,
    answers: Vec<Answer>,
    /// Any bytes after the messages.
    rest: &'i [u8],
}

impl Proxy<'_> {
    fn wire(&self, nonce: [u8; 16]) -> Vec<u8> {
        let answers = self.answers.iter().flat_map(|answer| answer.encode(nonce));
        answers.chain(self.rest.iter().copied()).collect()
    }
}

/// A message of the proxy.
struct Answer {
    auth: Vec<u8>,
    entries: Vec<Item>,
    /// Any bytes behind the entries.
    rest: Vec<u8>,
    /// ALEN and MLEN, if they are not those of the fields.
    lengths: Option<(u16, u16)>,
    /// What is changed after the HMAC was made: where, and which bits.
    change: Option<(u16, u8)>,
}

enum Item {
    Entry(Entry),
    /// The client's NONCE with these bits changed.
    Context {
        time: u64,
        change: u8,
    },
}

impl Answer {
    fn from(client: &Client, dice: &mut Dice<'_>) -> Self {
        let mid = client.mid();
        let auth = match dice.byte() % 8 {
            0..=2 => vec![mid, 0],
            3 => vec![mid, dice.byte()],
            4 | 5 => {
                let len = usize::from(dice.byte());
                let length = u16::try_from(len).expect("a byte").to_be_bytes();
                let challenge = dice.bytes().iter().copied().cycle().take(len);
                [mid].into_iter().chain(length).chain(challenge).collect()
            }
            6 => [&[mid, dice.byte() % 8, dice.byte()], dice.bytes()].concat(),
            _ => dice.bytes().into(),
        };
        let entries = (0..dice.byte() % 6).map(|_| Item::from(dice)).collect();
        let rest = if dice.byte() % 4 == 3 { dice.bytes().into() } else { Vec::new() };
        let lengths = (dice.byte() % 16 == 15)
            .then(|| (u16::from_be_bytes(dice.array()), u16::from_be_bytes(dice.array())));
        let change = (dice.byte() % 8 == 7).then(|| (u16::from_be_bytes(dice.array()), dice.byte()));
        Self { auth, entries, rest, lengths, change }
    }

    fn encode(&self, nonce: [u8; 16]) -> Vec<u8> {
        let entries: Vec<_> = self.entries.iter().map(|item| item.encode(nonce)).collect();
        let metadata = [Entry::encode_all(&entries), self.rest.clone()].concat();
        let message = Message { auth: self.auth.clone(), metadata };
        let key = KEYS.server;
        let mut encoded = match self.lengths {
            Some(lengths) => message.encode_as(&key, lengths),
            None => message.encode(&key),
        };
        if let Some((at, bits)) = self.change {
            let at = usize::from(at) % encoded.len();
            encoded[at] ^= bits;
        }
        encoded
    }
}

impl Item {
    fn from(dice: &mut Dice<'_>) -> Self {
        match dice.byte() % 12 {
            0..=4 => Self::Context { time: u64::from_be_bytes(dice.array()), change: 0 },
            5 => Self::Context { time: 7, change: dice.byte() },
            6 => Self::Entry(Entry::key_exchange(dice.array())),
            7 => Self::Entry(Entry::key_exchange([dice.byte(); 32])),
            8 => Self::Entry(Entry::new(3, dice.array::<4>())),
            9 => Self::Entry(Entry::new(5, dice.bytes())),
            10 => Self::Entry(Entry::new(6, [dice.byte()])),
            _ => Self::Entry(Entry::new(dice.byte(), dice.bytes())),
        }
    }

    fn encode(&self, mut nonce: [u8; 16]) -> Entry {
        match self {
            Self::Entry(entry) => entry.clone(),
            Self::Context { time, change } => {
                nonce[3] ^= change;
                Entry::context(*time, nonce)
            }
        }
    }
}

/// A client, and a proxy whose messages depend on the client's NONCE.
struct Dialogue<'d> {
    client: &'d Client,
    proxy: &'d Proxy<'d>,
    said: Vec<u8>,
    wire: Vec<u8>,
    read: usize,
    /// What the client has to make of the messages, once its NONCE is known.
    heard: Option<Heard>,
}

impl<'d> Dialogue<'d> {
    fn with(client: &'d Client, proxy: &'d Proxy<'d>) -> Self {
        let wire = vec![5, 0x80, proxy.version];
        Self { client, proxy, said: Vec::new(), wire, read: 0, heard: None }
    }

    fn drive(&mut self, sizes: &[u8]) -> Result<Established, anysocks::Error> {
        let auth = self.client.auth();
        let mut request = Socks5::connect(&auth, target()).expect("a request");
        let mut next_size = cycle(sizes);
        loop {
            let moved = match request.step(&mut Scratch::new()) {
                Step::Write(bytes) => {
                    let n = next_size().min(bytes.len());
                    assert!(n > 0, "a write of nothing would never end");
                    self.said.extend(&bytes[..n]);
                    n
                }
                Step::Read(room) => {
                    assert!(!room.is_empty(), "nothing is awaited");
                    if self.read == self.wire.len() && self.heard.is_none() && self.proxy.version == 1 {
                        self.go_on();
                    }
                    let n = next_size().min(room.len()).min(self.wire.len() - self.read);
                    room[..n].copy_from_slice(&self.wire[self.read..self.read + n]);
                    self.read += n;
                    n
                }
                Step::Done(established) => return Ok(established),
            };
            request.advance(moved)?;
        }
    }

    /// Sends what comes after the client's first message: up to the Result, and the reply.
    fn go_on(&mut self) {
        let first = self.message(GREETING.len() + 1);
        let metadata = ClientMetadata::of(&first.metadata, true).expect("METADATA of a client");
        let mut wire = self.proxy.wire(metadata.nonce);
        let heard = self.client.hear(&wire, &metadata);
        if heard.outcome.is_ok() {
            wire.truncate(heard.consumed);
            wire.extend(REPLY);
        }
        self.wire.extend(wire);
        self.heard = Some(heard);
    }

    /// The client's message at this place.
    fn message(&self, at: usize) -> Message {
        let bytes = &self.said[at..];
        let header = bytes.first_chunk().expect("a message");
        let len = Message::length(*header).expect("a message");
        Message::decode(&bytes[..len], &KEYS.client).expect("a message")
    }

    /// Checks all that the client has sent.
    fn check_said(&self, client: &Client, challenges: &[&Vec<u8>], is_verified: bool) {
        assert!(self.said.starts_with(&[GREETING, &[1]].concat()));
        let mut at = GREETING.len() + 1;
        let first = self.message(at);
        at += first.encode(&[0; 32]).len();
        let metadata = ClientMetadata::of(&first.metadata, true).expect("METADATA of a client");
        assert_eq!((&*metadata.identity, metadata.public.is_some()), ("alice", client.exchanges_keys));
        let capabilities = if client.is_challenged { 1 << 1 } else { 1 << 4 };
        let capabilities = capabilities | u32::from(client.exchanges_keys) << 5;
        assert_eq!(metadata.capabilities, Some(capabilities));
        let token = [&[TOKEN, 0, 8], SECRET].concat();
        assert_eq!(first.auth, if client.is_challenged { vec![CHALLENGE_RESPONSE, 0, 0] } else { token });
        for challenge in challenges {
            let response = self.message(at);
            at += response.encode(&[0; 32]).len();
            let later = ClientMetadata::of(&response.metadata, false).expect("METADATA of a client");
            assert_eq!((later.nonce, later.unix_time), (metadata.nonce, metadata.unix_time));
            let sum = mac(SECRET, &[b"socks5a eaf v1 challenge", challenge, &metadata.nonce]);
            assert_eq!(response.auth, [&[CHALLENGE_RESPONSE, 0, 32], &sum[..]].concat());
        }
        assert_eq!(&self.said[at..], if is_verified { REQUEST } else { b"" });
    }
}
