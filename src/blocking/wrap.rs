//! Wrapping a blocking stream.

use super::call_limit::SocketTimeouts;
use super::control::Control;
use super::handshake::converse_until;
use super::watchdog::Watchdog;
use super::{Blocking, Connector, Dialled};
use crate::error::{Error, ErrorKind};
use crate::protocol::conversation::Conversation;
use crate::protocol::frames::CallLimit;
use crate::proxy::Proxy;
use crate::route::wrap::{Wrap, Wrapped};
use crate::runtime::Deadline;
use socket2::SockRef;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// The caller's function that wraps a dialled stream. Its second argument is the proxy at the
/// other end, or `None` for a direct connection.
pub struct Hook<S>(Box<Call<S>>);

type Call<S> = dyn Fn(TcpStream, Option<&Proxy>) -> io::Result<S> + Send + Sync;

impl<S> fmt::Debug for Hook<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook(..)")
    }
}

/// A wrapped stream, and its socket, which is shut down at a deadline.
#[derive(Debug)]
pub struct WithSocket<S> {
    stream: S,
    socket: TcpStream,
}

impl<S: Read + Write + Send + Sync + 'static> Wrap<Blocking> for Wrapped<Hook<S>> {
    type HandshakeStream = WithSocket<S>;
    type Stream = S;

    fn check_proxy(&self, _: &Proxy) -> Result<(), Error> {
        Ok(())
    }

    async fn wrap(
        &self,
        dialled: Dialled,
        proxy: Option<&Proxy>,
        deadline: Deadline,
    ) -> io::Result<WithSocket<S>> {
        let stream = dialled.into_blocking()?;
        let socket = stream.try_clone()?;
        let watchdog = Watchdog::start(&socket, deadline)?;
        let wrapped = (self.0.0)(stream, proxy);
        if watchdog.has_fired() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(WithSocket { stream: wrapped?, socket })
    }

    async fn converse<C: Conversation + Send + Sync>(
        wrapped: &mut WithSocket<S>,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        let watchdog = Watchdog::start(&wrapped.socket, deadline)
            .map_err(|error| Error::io(conversation.stage(), error))?;
        let outcome = converse_until(&mut wrapped.stream, conversation, deadline);
        let late = watchdog.has_fired();
        match outcome {
            // The code of a refusal is known.
            Err(error) if !late || error.reply().is_some() => Err(error),
            // A conversation that has failed or ended has no stage of its own.
            Err(error) => Err(error.as_timeout()),
            Ok(_) if late => Err(conversation.failure(ErrorKind::TimedOut)),
            Ok(outcome) => Ok(outcome),
        }
    }

    /// Returns a quarter of the send buffer, which always fits. The system counts its own records
    /// as part of the buffer, and the wrapping stream may add bytes.
    fn write_capacity(wrapped: &WithSocket<S>) -> usize {
        SockRef::from(&wrapped.socket).send_buffer_size().unwrap_or(0) / 4
    }

    fn call_limit(wrapped: &WithSocket<S>) -> io::Result<Option<Box<dyn CallLimit>>> {
        SocketTimeouts::of_wrapped(&wrapped.socket).map(Some)
    }

    fn finish(wrapped: WithSocket<S>) -> io::Result<S> {
        Ok(wrapped.stream)
    }

    fn control(wrapped: WithSocket<S>) -> Control {
        let WithSocket { stream, socket } = wrapped;
        Control::wrapped(socket, stream)
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
