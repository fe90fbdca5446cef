//! A stream of this crate, as ureq wants a transport.

use anysocks::blocking::AnyStream;
use std::io::{self, ErrorKind, Read, Write};
use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

#[derive(Debug)]
pub(crate) struct Tunnel {
    stream: AnyStream,
    buffers: LazyBuffers,
}

impl Tunnel {
    pub(crate) fn new(stream: AnyStream, config: &Config) -> Self {
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Self { stream, buffers }
    }
}

/// What the socket says when the time set on it is over.
fn timed_out(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}

impl Transport for Tunnel {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.stream.get_ref().set_write_timeout(timeout.not_zero().map(|limit| *limit))?;
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(|error| timed_out(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.stream.get_ref().set_read_timeout(timeout.not_zero().map(|limit| *limit))?;
        let read = self.stream.read(self.buffers.input_append_buf());
        let amount = read.map_err(|error| timed_out(error, timeout))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Whether another request may go over it: nobody has hung up, or said what was not asked.
    fn is_open(&mut self) -> bool {
        let socket = self.stream.get_ref();
        let silent = |()| socket.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        socket.set_nonblocking(true).is_ok_and(silent) && socket.set_nonblocking(false).is_ok()
    }
}
