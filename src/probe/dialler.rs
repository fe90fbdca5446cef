//! Connecting to the proxy, as often as there are questions.

use super::failure::Failure;
use super::not_tried::NotTried;
use super::wire::{Wire, Wrapped};
use crate::blocking::Blocking;
use crate::blocking::block_on::block_on;
use crate::error::{Error, Stage};
use crate::proxy::Proxy;
use crate::runtime::{Deadline, Runtime, deadline, dial_proxy};
use crate::trace;
use std::io;
use std::net::TcpStream;
use std::time::Duration;

/// The caller's function that wraps a dialled stream.
pub(super) type Wrapper = dyn Fn(TcpStream, Option<&Proxy>) -> io::Result<Box<dyn Wrapped>> + Send + Sync;

pub(super) struct Dialler<'p> {
    pub(super) proxy: &'p Proxy,
    pub(super) wrapper: Option<&'p Wrapper>,
    /// The timeout of a connection, including everything sent over it.
    pub(super) timeout: Duration,
}

impl Dialler<'_> {
    /// Connects without the wrapper. The error has no URL of the proxy: that contains a user name,
    /// and the error is in the report.
    pub(super) fn tcp(&self) -> Result<(TcpStream, Deadline), Error> {
        let deadline = deadline::<Blocking>(self.timeout);
        let dialled = block_on(dial_proxy::<Blocking>(self.proxy, deadline));
        let stream = dialled
            .and_then(|stream| Blocking::finish(stream).map_err(|error| Error::io(Stage::Dial, error)));
        Ok((stream.map_err(trace::failed)?, deadline))
    }

    /// Connects with the wrapper. The question is pointless without one.
    pub(super) fn wrapped(&self) -> Result<Wire, Failure> {
        let wrapper = self.wrapper.ok_or(NotTried::NoWrapper)?;
        let (stream, deadline) = self.tcp()?;
        Wire::wrapped(stream, deadline, |stream| wrapper(stream, Some(self.proxy))).map_err(Failure::Wrapper)
    }

    pub(super) fn dial(&self) -> Result<Wire, Failure> {
        if self.wrapper.is_some() {
            return self.wrapped();
        }
        let (stream, deadline) = self.tcp()?;
        Ok(Wire::plain(stream, deadline))
    }
}
