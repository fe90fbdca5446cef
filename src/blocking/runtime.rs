//! The standard library's sockets and clock.

use super::call_limit::SocketTimeouts;
use super::handshake::converse_until;
use super::wait::{DeadlineStream, late};
use super::{Blocking, block_on, race};
use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::protocol::frames::CallLimit;
use crate::proxy::SocketOptions;
use crate::runtime::dial::Failures;
use crate::runtime::{Deadline, Ends, Runtime};
use socket2::SockAddr;
use std::io;
use std::net::TcpStream;
use std::time::Instant;

impl Runtime for Blocking {
    type Stream = TcpStream;

    fn now() -> Instant {
        Instant::now()
    }

    async fn within<W: Future + Send + Sync>(deadline: Deadline, work: W) -> Option<W::Output> {
        block_on::within(deadline, work)
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<TcpStream, Failures> {
        race::race(&addrs, options, deadline)
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut TcpStream,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        let outcome = converse_until(&mut DeadlineStream::new(stream, deadline), conversation, deadline);
        outcome.map_err(|error| late(error, conversation))
    }

    fn ends(stream: &TcpStream) -> io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn call_limit(stream: &TcpStream) -> io::Result<Option<Box<dyn CallLimit>>> {
        SocketTimeouts::of_inner(stream).map(Some)
    }

    /// Makes the socket blocking. Until then it is non-blocking, because a blocking write has no
    /// deadline.
    fn finish(stream: TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(false)?;
        Ok(stream)
    }
}
