//! A stream whose peer writes a portion before the stream is read, or reads it afterwards.

use crate::pair::pair;
use crate::processor_time::processor_time;
use crate::xor::{self, AtOnce, CODE, HEADER};
use anysocks::blocking::Socks5Stream;
use anysocks::{Auth, Target};
use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// The content that is written before it is read. The sockets hold as much, so nothing waits.
const PORTION: usize = 1 << 17;
/// The portions of a turn.
const PORTIONS: usize = 16;

const REQUEST: usize = 10;
const REPLY: &[u8] = b"\x05\0\0\x01\0\0\0\0\0\0";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// How the content is carried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// As it is. The caller may do the work of the cipher itself.
    Plain { cipher: bool },
    /// In frames of this content.
    Frames(usize),
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

pub(crate) struct Flow {
    direction: Direction,
    is_ciphered: bool,
    stream: Box<dyn Stream>,
    /// A byte to the peer asks for a portion to be moved, and one from it says that it was.
    signals: TcpStream,
    buf: Vec<u8>,
}

impl Flow {
    /// Opens a stream and starts its peer.
    pub(crate) fn start(direction: Direction, way: Way, call: usize) -> Result<Self> {
        let (client, server) = pair()?;
        let (signals, peers_signals) = pair()?;
        thread::spawn(move || peer(server, peers_signals, direction, way));
        let stream: Box<dyn Stream> = match way {
            Way::Plain { .. } => Box::new(client),
            Way::Frames(capacity) => {
                let auth = Auth::method(CODE, move |_| Ok(Box::new(AtOnce { capacity })));
                let target = Target::try_from("192.0.2.1:80").map_err(Error::other)?;
                Box::new(Socks5Stream::handshake(client, &auth.map_err(Error::other)?, target)?)
            }
        };
        let mut flow = Self {
            direction,
            is_ciphered: matches!(way, Way::Plain { cipher: true }),
            stream,
            signals,
            buf: vec![0x17; call],
        };
        // The first time allocates what stays.
        flow.turn()?;
        Ok(flow)
    }

    /// Moves the portions of a turn. Returns the processor time in nanoseconds per KiB.
    pub(crate) fn turn(&mut self) -> Result<f64> {
        let mut took = Duration::ZERO;
        for _ in 0..PORTIONS {
            if self.direction == Direction::Read {
                self.peer_moves()?;
            }
            let started = processor_time()?;
            self.move_portion()?;
            took += processor_time()?.saturating_sub(started);
            if self.direction == Direction::Write {
                self.peer_moves()?;
            }
        }
        Ok(took.as_secs_f64() * 1e9 / (PORTIONS * PORTION / 1024) as f64)
    }

    fn peer_moves(&mut self) -> Result<()> {
        self.signals.write_all(&[0])?;
        self.signals.read_exact(&mut [0])
    }

    fn move_portion(&mut self) -> Result<()> {
        let mut left = PORTION;
        while left > 0 {
            let most = left.min(self.buf.len());
            if self.is_ciphered && self.direction == Direction::Write {
                xor::cipher(&mut self.buf[..most]);
            }
            let n = match self.direction {
                Direction::Read => self.stream.read(&mut self.buf[..most])?,
                Direction::Write => self.stream.write(&self.buf[..most])?,
            };
            if self.is_ciphered && self.direction == Direction::Read {
                xor::cipher(&mut self.buf[..n]);
            }
            assert!(n > 0, "the end of the stream");
            left -= n;
        }
        self.stream.flush()
    }
}

/// Answers the handshake, and then moves a portion at each signal.
fn peer(mut stream: TcpStream, mut signals: TcpStream, direction: Direction, way: Way) -> Result<()> {
    let (mut wire, content) = (Vec::new(), vec![0x17; PORTION]);
    match way {
        Way::Plain { .. } => wire.extend(&content),
        Way::Frames(len) => {
            stream.read_exact(&mut [0; 3])?;
            stream.write_all(&[5, CODE])?;
            stream.read_exact(&mut [0; HEADER + REQUEST])?;
            xor::frame(REPLY, &mut wire);
            stream.write_all(&wire)?;
            wire.clear();
            content.chunks(len).for_each(|content| xor::frame(content, &mut wire));
        }
    }
    loop {
        signals.read_exact(&mut [0])?;
        match direction {
            Direction::Read => stream.write_all(&wire)?,
            Direction::Write => stream.read_exact(&mut wire)?,
        }
        signals.write_all(&[0])?;
    }
}
