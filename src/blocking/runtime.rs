//! The standard library's sockets and clock.

use super::call_limit::SocketTimeouts;
use super::handshake::converse_until;
use super::wait::{DeadlineStream, late};
use super::{Blocking, Dialled, block_on};
use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::protocol::frames::CallLimit;
use crate::proxy::SocketOptions;
use crate::runtime::dial::Failures;
use crate::runtime::{Deadline, Ends, Runtime};
use socket2::SockAddr;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

impl Runtime for Blocking {
    type Dialled = Dialled;
    type Stream = TcpStream;

    fn now() -> Instant {
        Instant::now()
    }

    async fn within<W: Future + Send + Sync>(deadline: Deadline, work: W) -> Option<W::Output> {
        block_on::within(deadline, work)
    }

    async fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Dialled, Failures> {
        Dialled::connect(addr, options, deadline)
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Dialled, Failures> {
        Dialled::race(&addrs, options, deadline)
    }

    async fn converse<C: Conversation + Send + Sync>(
        dialled: &mut Dialled,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        let stream = dialled.until(deadline).map_err(|error| Error::io(conversation.stage(), error))?;
        let outcome = converse_until(&mut DeadlineStream::new(stream, deadline), conversation, deadline);
        outcome.map_err(|error| late(error, conversation))
    }

    fn ends(Dialled { stream, .. }: &Dialled) -> io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn call_limit(dialled: &Dialled) -> io::Result<Option<Box<dyn CallLimit>>> {
        SocketTimeouts::of_inner(&dialled.stream).map(Some)
    }

    fn finish(dialled: Dialled) -> io::Result<TcpStream> {
        dialled.into_blocking()
    }
}
