//! A proxy in memory: it plays a transcript, and holds the client to its part.

use anysocks::Stage;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// A line of a transcript: one message.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    /// What the client must write, in one call.
    Client(Vec<u8>),
    /// What the proxy sends, and at which stage the client waits for it.
    Proxy(Stage, Vec<u8>),
}

pub(crate) fn client(bytes: impl Into<Vec<u8>>) -> Line {
    Line::Client(bytes.into())
}

pub(crate) fn proxy(stage: Stage, bytes: impl Into<Vec<u8>>) -> Line {
    Line::Proxy(stage, bytes.into())
}

/// How the stream behaves; by default as well as a stream can.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub(crate) struct Manner {
    /// All bytes of the proxy are there from the start, in one piece. Otherwise each message
    /// arrives in one piece once the client has sent the messages before it, and only the
    /// application's bytes are in one piece with the last message.
    pub(crate) glued: bool,
    /// No read goes across this point of what the proxy sends.
    pub(crate) split: Option<usize>,
    /// Nor across this one.
    pub(crate) again: Option<usize>,
    /// The proxy closes the connection after this number of bytes.
    pub(crate) end: Option<usize>,
    /// Each call moves one byte.
    pub(crate) crumbs: bool,
    /// The proxy has closed the connection, and only so many of the client's bytes leave. What the
    /// proxy sent can be read.
    pub(crate) broken: Option<usize>,
    /// Each call is made twice, and fails the first time.
    pub(crate) stall: Option<Stall>,
    /// Nothing leaves before it is flushed.
    pub(crate) buffered: bool,
    /// The client may offer its next message behind one that does not go in one call.
    pub(crate) early: bool,
}

impl Manner {
    /// Each manner of a stream on which the proxy sends so many bytes, split at every byte too.
    pub(crate) fn each(bytes: usize) -> Vec<Self> {
        let mut manners = Self::unsplit();
        for glued in [false, true] {
            manners.extend((1..bytes).map(|split| Self { glued, split: Some(split), ..Self::default() }));
        }
        manners
    }

    /// Each combination of the habits that concern all bytes alike.
    pub(crate) fn unsplit() -> Vec<Self> {
        let mut manners = Vec::new();
        for glued in [false, true] {
            for stall in [None, Some(Stall::Blocked), Some(Stall::Interrupted)] {
                for (crumbs, buffered) in [(false, false), (true, false), (false, true), (true, true)] {
                    manners.push(Self { glued, crumbs, stall, buffered, ..Self::default() });
                }
            }
        }
        manners
    }
}

/// The reason why a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    /// `WouldBlock`, or `Pending` with a wake-up.
    Blocked,
    Interrupted,
}

/// A handle of the stream: the test keeps one while the code under test has another.
#[derive(Clone, Debug)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) manner: Manner,
    /// All bytes that the client must send, and the ends of its messages.
    said: Vec<u8>,
    ends: Vec<usize>,
    /// All bytes of the proxy, and the number that may be read after each number of sent bytes.
    answers: Vec<u8>,
    gates: Vec<(usize, usize)>,
    /// Up to where a read may reach at all, while it is before that point.
    limit: usize,
    /// How far the client is: taken from it, flushed, and read by it.
    accepted: usize,
    flushed: usize,
    taken: usize,
    /// A write, a flush and a read, each by itself.
    stalled: [bool; 3],
    /// Whether a flush was requested since the last write.
    flush_asked: bool,
    /// How many writes failed because the connection is closed.
    pub(crate) failed_writes: usize,
    /// What the client wrote behind the transcript.
    pub(crate) beyond: Vec<u8>,
    /// Calls that moved something. A vectored write counts in both.
    pub(crate) writes: usize,
    pub(crate) vectored: usize,
    /// For each read that moved something or met the end: the size of the buffer.
    pub(crate) offers: Vec<usize>,
}

impl Script {
    /// The transcript, and behind it the application's bytes from the target.
    pub(crate) fn new(lines: &[Line], application: &[u8], manner: Manner) -> Self {
        let (mut said, mut ends, mut answers, mut gates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for line in lines {
            match line {
                Line::Client(bytes) => {
                    said.extend(bytes);
                    ends.push(said.len());
                }
                Line::Proxy(_, bytes) => {
                    answers.extend(bytes);
                    gates.push((said.len(), answers.len()));
                }
            }
        }
        answers.extend(application);
        gates.last_mut().expect("the proxy says something").1 = answers.len();
        Self(Arc::new(Mutex::new(State {
            manner,
            limit: 0,
            said,
            ends,
            answers,
            gates,
            accepted: 0,
            flushed: 0,
            taken: 0,
            stalled: [false; 3],
            flush_asked: true,
            failed_writes: 0,
            beyond: Vec::new(),
            writes: 0,
            vectored: 0,
            offers: Vec::new(),
        })))
    }

    /// Fails as soon as an offered buffer is longer than the proxy's bytes up to this point. Such
    /// a buffer could over-read once more bytes are there.
    pub(crate) fn guarded(self, limit: usize) -> Self {
        self.state().limit = limit;
        self
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Poisoned by a failed check: that is reported already.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    /// What the client has not read yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.answers[self.taken..]
    }

    /// The number of its bytes that the client has sent.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted
    }

    /// Whether all bytes that the client has written have been sent.
    pub(crate) fn is_flushed(&self) -> bool {
        self.flushed == self.accepted
    }

    pub(crate) fn reads(&self) -> usize {
        self.offers.len()
    }

    pub(crate) fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stall(0)?;
        assert!(!buf.is_empty(), "a write of no bytes");
        let n = if self.manner.crumbs { 1 } else { buf.len() };
        let n = match self.manner.broken {
            Some(broken) if !self.manner.buffered => n.min(broken - self.accepted),
            _ => n,
        };
        if n == 0 {
            self.failed_writes += 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        match self.ends.iter().find(|end| **end > self.accepted) {
            Some(end) => {
                let end = if self.manner.early { self.accepted + buf.len() } else { *end };
                let message = &self.said[self.accepted..end];
                assert!(
                    buf == message,
                    "the client writes \"{}\" where the message is \"{}\"",
                    buf.escape_ascii(),
                    message.escape_ascii(),
                );
            }
            None => self.beyond.extend(&buf[..n]),
        }
        self.writes += 1;
        self.accepted += n;
        self.flush_asked = false;
        if !self.manner.buffered {
            self.flushed = self.accepted;
        }
        Ok(n)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.flush_asked = true;
        if self.flushed < self.accepted {
            self.stall(1)?;
            self.flushed = self.accepted.min(self.manner.broken.unwrap_or(usize::MAX));
        }
        if self.flushed < self.accepted {
            self.failed_writes += 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // On a socket, a read of no bytes may block without limit.
        assert!(!buf.is_empty(), "a read of no bytes");
        self.stall(2)?;
        assert!(self.flush_asked || self.flushed == self.accepted, "the client reads before it has flushed");
        let room = self.limit.saturating_sub(self.taken);
        assert!(
            room == 0 || buf.len() <= room,
            "the client offers {} bytes to read into, and the proxy need not send more than {room}",
            buf.len(),
        );
        self.offers.push(buf.len());
        let end = self.manner.end.unwrap_or(self.answers.len());
        let until = self.readable().min(end);
        let waits = until == self.taken && until < end;
        if waits && self.failed_writes > 0 {
            return Ok(0);
        }
        if waits && self.flushed < self.accepted {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        assert!(
            until > self.taken || until == end,
            "deadlock: the client reads, and the proxy waits after {} bytes",
            self.flushed,
        );
        let n = buf.len().min(until - self.taken).min(if self.manner.crumbs { 1 } else { usize::MAX });
        buf[..n].copy_from_slice(&self.answers[self.taken..][..n]);
        self.taken += n;
        Ok(n)
    }

    /// Up to where the next read may go.
    fn readable(&self) -> usize {
        let all = self.answers.len();
        let open = |(needed, end): &(usize, usize)| *end > self.taken && *needed <= self.flushed;
        let message = match self.gates.iter().find(|(_, end)| *end > self.taken) {
            _ if self.manner.glued => all,
            Some(gate) if open(gate) => gate.1,
            Some(_) => self.taken,
            None => all,
        };
        let splits = [self.manner.split, self.manner.again].into_iter().flatten();
        splits.filter(|split| *split > self.taken).fold(message, usize::min)
    }

    fn stall(&mut self, call: usize) -> io::Result<()> {
        let Some(stall) = self.manner.stall else { return Ok(()) };
        let stalled = &mut self.stalled[call];
        *stalled = !*stalled;
        match stall {
            _ if !*stalled => Ok(()),
            Stall::Blocked => Err(io::ErrorKind::WouldBlock.into()),
            Stall::Interrupted => Err(io::ErrorKind::Interrupted.into()),
        }
    }
}
