//! Negotiations of GSS-API with the mechanism of the tests, as both ends see them.

#[path = "../../corpus/properties/mechanism.rs"]
mod mechanism;

pub(crate) use mechanism::{DATA, End, Fake, HEADER, LEVEL, OVERHEAD, message, octet};

use crate::support::script::{Line, client, proxy};
use anysocks::gssapi::{Level, Order, Unwrapped};
use anysocks::{Auth, Stage};
use mechanism::CONTEXT;
use std::io::{self, Read, Write};

/// A negotiation as both ends see it.
pub(crate) struct Play {
    pub(crate) fake: Fake,
    pub(crate) level: Option<Level>,
    /// Another METHOD is offered too.
    pub(crate) has_choice: bool,
    pub(crate) is_pipelined: bool,
    /// The proxy sends an empty token before its level.
    pub(crate) is_empty_sent: bool,
}

impl Play {
    pub(crate) fn new(legs: usize, level: Option<Level>) -> Self {
        let (has_choice, is_pipelined, is_empty_sent) = (false, false, false);
        Self { fake: Fake::new(legs), level, has_choice, is_pipelined, is_empty_sent }
    }

    pub(crate) fn auth(&self) -> Auth {
        let auth = self.fake.auth(self.level);
        let auth = if self.has_choice { auth.or(Auth::none()).expect("two METHODs") } else { auth };
        auth.pipelined(self.is_pipelined)
    }

    pub(crate) fn is_confidential(&self) -> bool {
        octet(self.level) == 2
    }

    /// The content on this level: in a frame, or bare.
    pub(crate) fn sealed(&self, end: &mut End, content: &[u8]) -> Vec<u8> {
        match self.level {
            None => content.to_vec(),
            Some(_) => end.message(DATA, self.is_confidential(), content),
        }
    }

    /// All lines up to the proxy's level, which is this message, and the request. Then the proxy's
    /// end continues.
    pub(crate) fn lines(&self, request: &[u8], level: impl FnOnce(&mut End) -> Vec<u8>) -> (Vec<Line>, End) {
        let (mut mine, mut proxys) = (End::client(), End::proxy());
        let mut lines = Vec::new();
        let greeting = if self.has_choice { vec![5, 2, 1, 0] } else { vec![5, 1, 1] };
        // What the client has to say when the proxy has answered.
        let mut pending = message(CONTEXT, &self.fake.token(1));
        let legs = self.fake.legs;
        let mut propose = |pending: &mut Vec<u8>| {
            pending.extend(mine.message(LEVEL, false, &[octet(self.level)]));
        };
        if legs == 1 {
            propose(&mut pending);
        }
        if self.has_choice {
            lines.extend([client(greeting), proxy(Stage::MethodSelection, [5, 1]), client(pending)]);
        } else {
            lines.push(client([greeting, pending].concat()));
            lines.push(proxy(Stage::MethodSelection, [5, 1]));
        }
        for leg in (2..=legs).step_by(2) {
            lines.push(proxy(Stage::Authentication, message(CONTEXT, &self.fake.token(leg))));
            let mut pending = Vec::new();
            if leg < legs {
                pending = message(CONTEXT, &self.fake.token(leg + 1));
            }
            if leg + 1 >= legs {
                propose(&mut pending);
            }
            lines.push(client(pending));
        }
        let request = self.sealed(&mut mine, request);
        if self.is_pipelined {
            match lines.last_mut() {
                // In the same write as the level.
                Some(Line::Client(pending)) => pending.extend(&request),
                _ => lines.push(client(request.clone())),
            }
        }
        let empty = if self.is_empty_sent { message(CONTEXT, b"") } else { Vec::new() };
        let level = level(&mut proxys);
        lines.push(proxy(Stage::Authentication, [empty, level].concat()));
        if !self.is_pipelined {
            lines.push(client(request));
        }
        (lines, proxys)
    }

    /// The same, and the reply.
    pub(crate) fn granted(&self, request: &[u8], reply: &[u8]) -> (Vec<Line>, End) {
        let level = octet(self.level);
        let (mut lines, mut end) = self.lines(request, |end| end.message(LEVEL, false, &[level]));
        lines.push(proxy(Stage::Request, self.sealed(&mut end, reply)));
        (lines, end)
    }
}

/// The proxy's end of a stream, after the negotiation.
pub(crate) struct GssWire<S> {
    pub(crate) stream: S,
    pub(crate) end: End,
    confidential: bool,
    plain: Vec<u8>,
}

impl<S> GssWire<S> {
    /// `received` messages of the client are known already.
    pub(crate) fn new(stream: S, play: &Play, end: End, received: u32) -> Self {
        Self { stream, end: end.after(received), confidential: play.is_confidential(), plain: Vec::new() }
    }
}

impl<S: Read> Read for GssWire<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.plain.is_empty() {
            let mut header = [0; HEADER];
            if self.stream.read(&mut header[..1])? == 0 {
                return Ok(0);
            }
            self.stream.read_exact(&mut header[1..])?;
            assert_eq!(header[..2], [1, DATA], "not data");
            let mut token = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]]))];
            self.stream.read_exact(&mut token)?;
            let unwrapped = self.end.unwrap(&token, &mut self.plain).map_err(io::Error::other)?;
            let expected = Unwrapped { confidential: self.confidential, order: Order::InOrder };
            assert_eq!(unwrapped, expected);
            assert!(self.plain.len() <= 16 * 1024, "a frame of {} bytes", self.plain.len());
        }
        let n = buf.len().min(self.plain.len());
        buf[..n].copy_from_slice(&self.plain[..n]);
        self.plain.drain(..n);
        Ok(n)
    }
}

impl<S: Write> Write for GssWire<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write_all(&self.end.message(DATA, self.confidential, buf))?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
