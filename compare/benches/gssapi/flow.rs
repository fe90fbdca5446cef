//! A turn: portions of content that are moved one way.

use crate::kerberos::{Files, HOST, SERVICE};
use crate::processor_time::processor_time;
use anysocks::Auth;
use anysocks::gssapi::{Gssapi, Level, kerberos::Kerberos};
use std::io::{Error, Read, Result, Write};
use std::time::Duration;

/// The content of a portion. The sockets hold as much, so nothing waits.
const PORTION_KIB: u32 = 128;
const PORTION: usize = PORTION_KIB as usize * 1024;
/// The portions of a turn.
const PORTIONS: u32 = 8;
/// The most that a call reads.
const READ: usize = 16 * 1024;

pub(crate) const TARGET: &str = "192.0.2.1:80";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) direction: Direction,
    pub(crate) level: Level,
    /// The content of a frame.
    pub(crate) frame: usize,
}

impl Plan {
    pub(crate) fn is_confidential(self) -> bool {
        self.level == Level::Confidentiality
    }

    /// The contents of a portion's frames.
    pub(crate) fn contents(self) -> impl Iterator<Item = &'static [u8]> {
        static CONTENT: [u8; PORTION] = [0x17; PORTION];
        CONTENT.chunks(self.frame)
    }

    pub(crate) fn auth(self, files: &Files) -> Auth {
        let gssapi = Gssapi::with(Kerberos::cache(files.user_cache()));
        let service = format!("{SERVICE}@{HOST}");
        Auth::gssapi(gssapi.level(self.level).service(service))
    }

    /// Moves a portion through a stream.
    pub(crate) fn move_through(self, stream: &mut (impl Read + Write), buf: &mut Vec<u8>) -> Result<()> {
        if self.direction == Direction::Write {
            for content in self.contents() {
                // One frame for each write.
                if stream.write(content)? != content.len() {
                    return Err(Error::other("a short write"));
                }
            }
            return stream.flush();
        }
        buf.resize(READ, 0);
        let mut left = PORTION;
        while left > 0 {
            match stream.read(&mut buf[..left.min(READ)])? {
                0 => return Err(Error::other("the end of the stream")),
                n => left -= n,
            }
        }
        Ok(())
    }
}

/// A way to protect content.
pub(crate) trait Way {
    /// Does the peer's part before a portion is moved.
    fn before(&mut self) -> Result<()>;
    /// Moves a portion.
    fn move_portion(&mut self) -> Result<()>;
    /// Does the peer's part after a portion was moved.
    fn after(&mut self) -> Result<()>;
}

/// Moves the portions of a turn. Returns the processor time in nanoseconds per KiB.
pub(crate) fn turn(way: &mut dyn Way) -> Result<f64> {
    let mut took = Duration::ZERO;
    for _ in 0..PORTIONS {
        way.before()?;
        let started = processor_time()?;
        way.move_portion()?;
        took += processor_time()?.saturating_sub(started);
        way.after()?;
    }
    Ok(took.as_secs_f64() * 1e9 / f64::from(PORTIONS * PORTION_KIB))
}
