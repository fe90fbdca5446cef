//! Wrapping a stream that blocks.

use super::wait::{left, timed_out};
use super::{Blocking, Connector};
use crate::conversation::{Conversation, Scratch, Step};
use crate::error::Error;
use crate::proxy::Proxy;
use crate::runtime::Deadline;
use crate::wrap::{Wrap, Wrapped};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// What wraps a stream: given the dialled one, and the proxy at its other end, or nothing where that is the target itself.
pub(crate) type Hook<S> = dyn Fn(TcpStream, Option<&Proxy>) -> io::Result<S> + Send + Sync;

/// A wrapped stream, and the one inside, by which deadlines are kept: whatever wraps it reads and writes that.
#[derive(Debug)]
pub struct Held<S> {
    stream: S,
    inside: TcpStream,
}

impl<S: Read + Write + Send + Sync + 'static> Wrap<Blocking> for Wrapped<Hook<S>> {
    type Held = Held<S>;
    type Stream = S;

    fn admits(&self, _: &Proxy) -> Result<(), Error> {
        Ok(())
    }

    async fn wrap(
        &self,
        stream: TcpStream,
        proxy: Option<&Proxy>,
        deadline: Deadline,
    ) -> io::Result<Held<S>> {
        let inside = stream.try_clone()?;
        inside.set_nonblocking(false)?;
        limit(&inside, deadline)?;
        Ok(Held { stream: (self.0)(stream, proxy).map_err(late)?, inside })
    }

    async fn converse<C: Conversation + Send + Sync>(
        held: &mut Held<S>,
        talk: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        loop {
            let in_time = limit(&held.inside, deadline);
            let stream = &mut held.stream;
            let mut scratch = Scratch::new();
            let moved = match (in_time, talk.step(&mut scratch)) {
                (Err(error), _) => Err(error),
                (Ok(()), Step::Write(bytes)) => stream.write(bytes),
                (Ok(()), Step::Read([])) => Ok(0),
                (Ok(()), Step::Read(buf)) => stream.flush().and_then(|()| stream.read(buf)),
                (Ok(()), Step::Done(outcome)) => return Ok(outcome),
            };
            talk.report(moved.map_err(late)).map_err(timed_out)?;
        }
    }

    fn finish(held: Held<S>) -> io::Result<S> {
        limit(&held.inside, None)?;
        Ok(held.stream)
    }
}

/// Lets no call last beyond the deadline.
fn limit(stream: &TcpStream, deadline: Deadline) -> io::Result<()> {
    let left = left(deadline);
    if left.is_some_and(|left| left.is_zero()) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(left)?;
    stream.set_write_timeout(left)
}

/// A socket's own time limit is over: Unix says that it would block.
fn late(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Connector {
    #[doc = include_str!("../docs/connector/wrapped.md")]
    #[must_use]
    pub fn wrapped<S>(
        self,
        wrap: impl Fn(TcpStream, Option<&Proxy>) -> io::Result<S> + Send + Sync + 'static,
    ) -> super::WrappedConnector<S> {
        self.wrapped_by(Wrapped(Arc::new(wrap)))
    }
}
