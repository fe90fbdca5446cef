//! The standard output, which can be closed before the process ends.

use crate::readiness::retried;
use rustix::event::PollFlags;
use rustix::net::{Shutdown, shutdown};
use rustix::stdio::dup2_stdout;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// A second descriptor of the standard output. Once [`close`](Self::close) has replaced the first
/// one, it is the last.
pub(crate) struct Output(File);

impl Output {
    pub(crate) const CAN_CLOSE: bool = true;

    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(io::stdout().as_fd().try_clone_to_owned()?.into()))
    }

    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match retried(&mut self.0, PollFlags::OUT, |output| output.write(bytes))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    /// Closes it, so that its reader sees the end.
    pub(crate) fn close(self) -> io::Result<()> {
        // Standard input and output may be one socket, which stays open for the other direction.
        let _ = shutdown(&self.0, Shutdown::Write);
        let nowhere = File::options().write(true).open("/dev/null")?;
        Ok(dup2_stdout(&nowhere)?)
    }
}
