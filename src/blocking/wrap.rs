//! Wrapping a stream that blocks.

use super::alarm::Alarm;
use super::control::Control;
use super::{Blocking, Connector, converse};
use crate::error::{Error, ErrorKind};
use crate::protocol::conversation::Conversation;
use crate::proxy::Proxy;
use crate::route::wrap::{Wrap, Wrapped};
use crate::runtime::Deadline;
use socket2::SockRef;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// What wraps a stream: given the dialled one, and the proxy at its other end, or nothing where that is the target itself.
pub struct Hook<S>(Box<Call<S>>);

type Call<S> = dyn Fn(TcpStream, Option<&Proxy>) -> io::Result<S> + Send + Sync;

impl<S> fmt::Debug for Hook<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook(..)")
    }
}

/// A wrapped stream, and the socket inside, by which deadlines are kept: whatever wraps it reads and writes that.
#[derive(Debug)]
pub struct Held<S> {
    stream: S,
    inside: TcpStream,
}

impl<S: Read + Write + Send + Sync + 'static> Wrap<Blocking> for Wrapped<Hook<S>> {
    type HandshakeStream = Held<S>;
    type Stream = S;

    fn check_proxy(&self, _: &Proxy) -> Result<(), Error> {
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
        let alarm = Alarm::set(&inside, deadline)?;
        let wrapped = (self.0.0)(stream, proxy);
        if alarm.has_rung() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Held { stream: wrapped?, inside })
    }

    async fn converse<C: Conversation + Send + Sync>(
        held: &mut Held<S>,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        let alarm =
            Alarm::set(&held.inside, deadline).map_err(|error| Error::io(conversation.stage(), error))?;
        let outcome = converse(&mut held.stream, conversation);
        if alarm.has_rung() {
            // The conversation has failed, or has come to its end, and is at no stage any more.
            let stage = outcome.err().map_or_else(|| conversation.stage(), |error| error.stage());
            return Err(Error::new(stage, ErrorKind::TimedOut));
        }
        outcome
    }

    /// The system counts its own records as part of the buffer, and the wrapper may add bytes: a
    /// quarter always fits.
    fn write_capacity(held: &Held<S>) -> usize {
        SockRef::from(&held.inside).send_buffer_size().unwrap_or(0) / 4
    }

    fn finish(held: Held<S>) -> io::Result<S> {
        Ok(held.stream)
    }

    fn control(held: Held<S>) -> Control {
        let Held { mut stream, inside } = held;
        Control::wrapped(inside, move || stream.read(&mut [0]))
    }
}

impl Connector {
    #[doc = include_str!("../docs/connector/wrapped.md")]
    #[must_use]
    pub fn wrapped<S: Read + Write + Send + Sync + 'static>(
        self,
        wrap: impl Fn(TcpStream, Option<&Proxy>) -> io::Result<S> + Send + Sync + 'static,
    ) -> super::WrappedConnector<S> {
        self.with_wrap(Wrapped(Arc::new(Hook(Box::new(wrap)))))
    }
}
