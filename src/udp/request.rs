//! Requests over the TCP connection of an association.

use super::socket::SocksUdpSocket;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::frames::Frames;
use crate::protocol::layered::Layered;
use crate::protocol::pause::Pause;
use crate::protocol::target::Target;
use crate::runtime::{ControlIo, Deadline, UdpFrontEnd, deadline};
use crate::stream::driver::{Transport, poll_converse};
use std::future::poll_fn;
use std::io;
use std::net::Ipv4Addr;
use std::task::{Context, Poll};

impl<F: UdpFrontEnd> SocksUdpSocket<F> {
    /// Sends `KEEP_ALIVE` over the TCP connection.
    pub(crate) async fn send_keep_alive(&self) -> Result<(), Error> {
        let nothing = (Ipv4Addr::UNSPECIFIED, 0).into();
        self.send_request(Command::KeepAlive, nothing).await.map(drop)
    }

    /// Sends a request over the TCP connection of the last proxy, through its encapsulation if
    /// there is one.
    pub(crate) async fn send_request(&self, command: Command, target: Target<'_>) -> Result<Address, Error> {
        let mut request = self.association().request(command, target.borrowed())?;
        // What has arrived was not asked for.
        self.check_now().map_err(ended)?;
        let mut requesting = Requesting::begin(self)?;
        let mut layered = Layered::through(requesting.frames.as_mut(), &mut request);
        let deadline = deadline::<F>(self.association().limit());
        let mut transport = ControlTransport::<F> { sockets: &self.shared.sockets, deadline };
        let conversing = poll_fn(|cx| poll_converse(cx, &mut transport, &mut layered));
        let reply = F::within(deadline, conversing).await;
        let reply = reply.unwrap_or_else(|| Err(layered.failure(ErrorKind::TimedOut)));
        requesting.end(reply.as_ref().err());
        let failed = |error: Error| match command {
            Command::KeepAlive => self.association().at_last()(error),
            _ => self.association().at_last()(error).about(&target),
        };
        reply.map(|established| established.bound).map_err(failed)
    }
}

fn ended(error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|error| Error::io(Stage::Association, error))
}

/// A request that waits for its reply. Meanwhile, receivers leave the TCP connection alone.
struct Requesting<'a, F: UdpFrontEnd> {
    socket: &'a SocksUdpSocket<F>,
    frames: Option<Frames>,
    has_ended: bool,
}

impl<'a, F: UdpFrontEnd> Requesting<'a, F> {
    fn begin(socket: &'a SocksUdpSocket<F>) -> Result<Self, Error> {
        Ok(Self { socket, frames: socket.association().take_control()?, has_ended: false })
    }

    fn end(&mut self, error: Option<&Error>) {
        self.has_ended = true;
        if error.is_none() {
            self.socket.association().return_control(self.frames.take());
            // What arrived meanwhile, such as the end, is theirs again.
            F::wake_for_more(&self.socket.shared.sockets);
        } else {
            self.socket.association().record_request(error);
            F::wake_receivers(&self.socket.shared.sockets);
        }
    }
}

impl<F: UdpFrontEnd> Drop for Requesting<'_, F> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.socket.association().record_request(None);
            F::wake_receivers(&self.socket.shared.sockets);
        }
    }
}

struct ControlTransport<'s, F: UdpFrontEnd> {
    sockets: &'s F::Sockets,
    deadline: Deadline,
}

impl<F: UdpFrontEnd> Transport for ControlTransport<'_, F> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        F::poll_control(self.sockets, cx, ControlIo::Read(buf), self.deadline)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        F::poll_control(self.sockets, cx, ControlIo::Write(bytes), self.deadline)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        F::poll_control(self.sockets, cx, ControlIo::Flush, self.deadline).map_ok(drop)
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>, pause: &mut Pause) -> Poll<io::Result<()>> {
        F::poll_pause(cx, pause, self.deadline)
    }
}
