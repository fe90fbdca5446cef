//! Conversations over the TCP connection of an association.

use super::association::Association;
use super::socket::SocksUdpSocket;
use crate::error::{Error, Stage};
use crate::protocol::conversation::Conversation;
use crate::protocol::frames::Frames;
use crate::protocol::layered::Layered;
use crate::protocol::pause::Pause;
use crate::runtime::{ControlIo, UdpFrontEnd};
use crate::stream::driver::{Transport, poll_converse};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

impl<F: UdpFrontEnd> SocksUdpSocket<F> {
    /// Holds a conversation over the TCP connection, through its encapsulation if there is one.
    pub(crate) async fn hold_conversation<C: Conversation>(
        &self,
        conversation: &mut C,
    ) -> Result<C::Outcome, Error> {
        let association = self.association();
        association.check().map_err(|error| Error::io(Stage::Association, error))?;
        let mut conversing = Conversing::begin(self)?;
        let mut layered = Layered::through(conversing.frames.as_mut(), conversation);
        let sockets = &self.shared.sockets;
        poll_fn(|cx| poll_converse(cx, &mut ControlTransport::<F>(sockets), &mut layered)).await
    }
}

/// A conversation that runs. Until it is dropped, receivers leave the TCP connection alone.
struct Conversing<'a, F: UdpFrontEnd> {
    socket: &'a SocksUdpSocket<F>,
    frames: Option<Frames>,
}

impl<'a, F: UdpFrontEnd> Conversing<'a, F> {
    fn begin(socket: &'a SocksUdpSocket<F>) -> Result<Self, Error> {
        Ok(Self { socket, frames: socket.association().take_control()? })
    }
}

impl<F: UdpFrontEnd> Drop for Conversing<'_, F> {
    fn drop(&mut self) {
        let association: &Association = self.socket.association();
        association.return_control(self.frames.take());
        // What arrived meanwhile, such as the end, is theirs again.
        F::wake_for_more(&self.socket.shared.sockets);
    }
}

struct ControlTransport<'s, F: UdpFrontEnd>(&'s F::Sockets);

impl<F: UdpFrontEnd> Transport for ControlTransport<'_, F> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        F::poll_control(self.0, cx, ControlIo::Read(buf))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        F::poll_control(self.0, cx, ControlIo::Write(bytes))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        F::poll_control(self.0, cx, ControlIo::Flush).map_ok(drop)
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>, pause: &mut Pause) -> Poll<io::Result<()>> {
        F::poll_pause(self.0, cx, pause)
    }
}
