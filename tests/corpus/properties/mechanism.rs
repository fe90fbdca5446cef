//! A mechanism of GSS-API for tests: the tokens of messages are numbered, so that each one that is
//! lost, swapped or doubled shows.
//!
//! ```text
//! context:  "C1", "P1", "C2", "P2": as many as the mechanism has legs
//! wrapped:  MARK | CONF | NUMBER (4) | PAD (2, if CONF is 1) | content | SUM
//! ```
//!
//! MARK is `c` or `p`, of the sender. If CONF is 1, the content is xor a key of NUMBER.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use anysocks::Auth;
use anysocks::gssapi::{
    Begun, Cause, Context, Failure, Flags, Gssapi, Level, Mechanism, Next, Order, Service, Unwrapped, Wanted,
};
use std::sync::{Arc, Mutex};

/// The lengths of all but the content, by CONF.
pub(crate) const OVERHEAD: [usize; 2] = [7, 9];
/// VER, MTYP and LEN.
pub(crate) const HEADER: usize = 4;

pub(crate) const CONTEXT: u8 = 1;
pub(crate) const LEVEL: u8 = 2;
pub(crate) const DATA: u8 = 3;

/// What a mechanism of a test does.
#[derive(Clone)]
pub(crate) struct Fake {
    /// The number of tokens: odd ones are the client's.
    pub(crate) legs: usize,
    /// The length of the context's tokens.
    pub(crate) token_len: Option<usize>,
    /// The flags that are not granted.
    pub(crate) denied: Flags,
    /// The most content of a message.
    pub(crate) room: usize,
    /// It has no first token.
    pub(crate) is_silent: bool,
    /// It does not encrypt.
    pub(crate) is_bare: bool,
    /// It fails at once.
    pub(crate) fails: Option<Cause>,
    /// What was asked of it.
    pub(crate) seen: Arc<Mutex<Vec<(Service, Flags)>>>,
}

impl Fake {
    pub(crate) fn new(legs: usize) -> Self {
        let denied = Flags::default();
        Self {
            legs,
            token_len: None,
            denied,
            room: usize::MAX,
            is_silent: false,
            is_bare: false,
            fails: None,
            seen: Arc::default(),
        }
    }

    pub(crate) fn at(&self, level: Option<Level>) -> Gssapi {
        match level {
            Some(level) => Gssapi::with(self.clone()).level(level),
            None => Gssapi::authentication_only(self.clone()),
        }
    }

    pub(crate) fn auth(&self, level: Option<Level>) -> Auth {
        Auth::gssapi(self.at(level)).host("gw.example").expect("a host")
    }

    /// The token of this leg, from 1.
    pub(crate) fn token(&self, leg: usize) -> Vec<u8> {
        let side = if leg % 2 == 1 { 'C' } else { 'P' };
        let token = format!("{side}{}", leg.div_ceil(2)).into_bytes();
        match self.token_len {
            Some(len) => token.into_iter().cycle().take(len).collect(),
            None => token,
        }
    }
}

impl Mechanism for Fake {
    fn begin(&self, wanted: &Wanted<'_>) -> Result<Begun, Failure> {
        self.seen.lock().expect("no panic").push((wanted.service.clone(), wanted.flags));
        if let Some(cause) = self.fails {
            return Err(Failure::new(cause, "the text of the mechanism"));
        }
        let (asked, denied) = (wanted.flags, self.denied);
        let granted = Flags {
            mutual: asked.mutual && !denied.mutual,
            replay: asked.replay && !denied.replay,
            sequence: asked.sequence && !denied.sequence,
            confidentiality: asked.confidentiality && !denied.confidentiality,
            integrity: asked.integrity && !denied.integrity,
            delegation: asked.delegation && !denied.delegation,
        };
        let next = Next { token: (!self.is_silent).then(|| self.token(1)), complete: self.legs == 1 };
        let context = FakeContext { fake: self.clone(), leg: 1, granted, end: End::client() };
        Ok(Begun { context: Box::new(context), next })
    }
}

struct FakeContext {
    fake: Fake,
    /// The last leg.
    leg: usize,
    granted: Flags,
    end: End,
}

impl Context for FakeContext {
    fn step(&mut self, token: &[u8]) -> Result<Next, Failure> {
        if token != self.fake.token(self.leg + 1) {
            return Err(Failure::new(Cause::Other, "another token"));
        }
        let mine = self.leg + 2;
        self.leg = mine;
        Ok(Next {
            token: (mine <= self.fake.legs).then(|| self.fake.token(mine)),
            complete: mine >= self.fake.legs,
        })
    }

    fn granted(&self) -> Flags {
        self.granted
    }

    fn wrap(&mut self, confidential: bool, plain: &[u8], token: &mut Vec<u8>) -> Result<bool, Failure> {
        let confidential = confidential && !self.fake.is_bare;
        self.end.wrap(confidential, plain, token);
        Ok(confidential)
    }

    fn unwrap(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, Failure> {
        self.end.unwrap(token, plain).map_err(|text| Failure::new(Cause::Other, text))
    }

    fn largest_plain(&self, confidential: bool, token: usize) -> Result<usize, Failure> {
        Ok(token.saturating_sub(OVERHEAD[usize::from(confidential)]).min(self.fake.room))
    }
}

/// How many of the last numbers are remembered.
const WINDOW: u32 = 256;

/// One end of a complete context.
pub(crate) struct End {
    mark: u8,
    next: u32,
    expected: u32,
    seen: [bool; WINDOW as usize],
}

impl End {
    pub(crate) const fn client() -> Self {
        Self { mark: b'c', next: 0, expected: 0, seen: [false; WINDOW as usize] }
    }

    /// The proxy's.
    pub(crate) const fn proxy() -> Self {
        Self { mark: b'p', ..Self::client() }
    }

    /// After so many messages of the other end.
    pub(crate) fn after(self, received: u32) -> Self {
        Self { expected: received, ..self }
    }

    pub(crate) fn wrap(&mut self, confidential: bool, plain: &[u8], token: &mut Vec<u8>) {
        let start = token.len();
        token.extend([self.mark, u8::from(confidential)]);
        token.extend(self.next.to_be_bytes());
        if confidential {
            token.extend([0xEE; 2]);
        }
        let key = if confidential { key(self.next) } else { 0 };
        token.extend(plain.iter().map(|byte| byte ^ key));
        token.push(sum(&token[start..]));
        self.next += 1;
    }

    pub(crate) fn unwrap(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, &'static str> {
        let (given, signed) = token.split_last().ok_or("an empty token")?;
        let [mark, conf @ 0..=1, a, b, c, d, content @ ..] = signed else { return Err("a short token") };
        if *given != sum(signed) || *mark != if self.mark == b'c' { b'p' } else { b'c' } {
            return Err("a forged token");
        }
        let confidential = *conf == 1;
        let number = u32::from_be_bytes([*a, *b, *c, *d]);
        let content = if confidential { content.get(2..).ok_or("no padding")? } else { content };
        let key = if confidential { key(number) } else { 0 };
        plain.extend(content.iter().map(|byte| byte ^ key));
        Ok(Unwrapped { confidential, order: self.order(number) })
    }

    fn order(&mut self, number: u32) -> Order {
        let slot = |number: u32| (number % WINDOW) as usize;
        if number >= self.expected {
            for missing in self.expected..number.min(self.expected + WINDOW) {
                self.seen[slot(missing)] = false;
            }
            let order = if number == self.expected { Order::InOrder } else { Order::Gap };
            self.expected = number + 1;
            self.seen[slot(number)] = true;
            return order;
        }
        let is_old = self.expected - number > WINDOW;
        if is_old || std::mem::replace(&mut self.seen[slot(number)], true) {
            return Order::Repeated;
        }
        Order::Late
    }

    /// A message with this content, wrapped.
    pub(crate) fn message(&mut self, mtyp: u8, confidential: bool, content: &[u8]) -> Vec<u8> {
        let mut token = Vec::new();
        self.wrap(confidential, content, &mut token);
        message(mtyp, &token)
    }

    /// Skips a number, as if that message was lost.
    pub(crate) fn skip(&mut self) {
        self.next += 1;
    }
}

fn key(number: u32) -> u8 {
    number.to_le_bytes()[0] ^ 0x5A
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0x11, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(*byte))
}

/// `01 | MTYP | LEN | TOKEN`.
pub(crate) fn message(mtyp: u8, token: &[u8]) -> Vec<u8> {
    let len = u16::try_from(token.len()).expect("a token that fits");
    [&[1, mtyp][..], &len.to_be_bytes(), token].concat()
}

/// The octet of a level.
pub(crate) fn octet(level: Option<Level>) -> u8 {
    match level {
        None => 0,
        Some(Level::Integrity) => 1,
        Some(_) => 2,
    }
}
