//! The standard output, on a system where safe code can't close it.

use std::io::{self, Stdout, Write};

pub(crate) struct Output(Stdout);

impl Output {
    pub(crate) const CAN_CLOSE: bool = false;

    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(io::stdout()))
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "Unix needs both")]
    pub(crate) fn close(self) -> io::Result<()> {
        Ok(())
    }
}
