//! The asynchronous calls of an association's socket.

use super::watched::AsyncFrontEnd;
use crate::error::Error;
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::target::{IntoTarget, Target};
use crate::protocol::udp::fragments::Fragments;
use crate::proxy::into_proxy::IntoProxy;
use crate::runtime::Direction;
use crate::runtime::waiters::WITHOUT_TICKET;
use crate::stream::driver::STEPS_AT_ONCE;
use crate::udp::{self, Datagram, Header, RecvBatch, SendBatch, SocksUdpSocket};
use socket2::{SockRef, Socket};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, Waker, ready};

impl<F: AsyncFrontEnd> SocksUdpSocket<F> {
    #[doc = include_str!("../docs/udp/associate.md")]
    pub async fn associate<'p>(proxy: impl IntoProxy<'p>) -> Result<Self, Error> {
        udp::associate::<F>(proxy).await
    }

    #[doc = include_str!("../docs/udp/request.md")]
    pub async fn request<'t>(&self, command: Command, target: impl IntoTarget<'t>) -> Result<Address, Error> {
        self.send_request(command, target.into_target()?).await
    }

    #[doc = include_str!("../docs/udp/keep_alive.md")]
    pub async fn keep_alive(&self) -> Result<(), Error> {
        self.send_keep_alive().await
    }

    #[doc = include_str!("../docs/udp/send_to.md")]
    pub async fn send_to<'t>(&self, payload: &[u8], target: impl IntoTarget<'t>) -> io::Result<usize> {
        let target = self.resolved(target, None).await?;
        self.sending(|socket| self.association().send(socket, &Header::new(&target)?, payload)).await
    }

    #[doc = include_str!("../docs/udp/recv_from.md")]
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        self.waiting(Direction::Receive, |socket| self.take_from(socket, buf)).await
    }

    #[doc = include_str!("../docs/udp/connect.md")]
    pub async fn connect<'t>(&self, target: impl IntoTarget<'t>) -> io::Result<()> {
        let target = self.resolved(target, None).await?;
        Ok(self.association().admission.connect(target.into_owned())?)
    }

    #[doc = include_str!("../docs/udp/send.md")]
    pub async fn send(&self, payload: &[u8]) -> io::Result<usize> {
        let association = self.association();
        self.sending(|socket| {
            association.admission.with_peer(|header| association.send(socket, header, payload))
        })
        .await
    }

    #[doc = include_str!("../docs/udp/recv.md")]
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.waiting(Direction::Receive, |socket| self.take(socket, buf)).await
    }

    #[doc = include_str!("../docs/udp/send_in_place.md")]
    pub async fn send_in_place<'t>(&self, buf: &mut [u8], target: impl IntoTarget<'t>) -> io::Result<usize> {
        let target = self.addressed(target)?;
        self.sending(|socket| self.association().send_in_place(socket, &Header::new(&target)?, buf)).await
    }

    #[doc = include_str!("../docs/udp/recv_in_place.md")]
    pub async fn recv_in_place<'b>(&self, buf: &'b mut [u8]) -> io::Result<Datagram<'b>> {
        let association = self.association();
        let placed =
            self.waiting(Direction::Receive, |socket| association.receive_in_place(socket, buf)).await?;
        Ok(placed.lend(buf))
    }

    #[doc = include_str!("../docs/udp/send_fragmented.md")]
    pub async fn send_fragmented<'t>(
        &self,
        payload: &[u8],
        target: impl IntoTarget<'t>,
        fragment_len: usize,
    ) -> io::Result<usize> {
        let fragments = Fragments::of(payload, fragment_len).map_err(Error::from)?;
        let target = self.resolved(target, None).await?;
        for (fragment, part) in fragments {
            let header = Header::new(&target)?.fragment(fragment);
            self.sending(|socket| self.association().send(socket, &header, part)).await?;
        }
        Ok(payload.len())
    }

    #[doc = include_str!("../docs/udp/send_batch.md")]
    pub async fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize> {
        self.waiting(Direction::Send, |socket| self.send_batch_now(socket, batch).map(Some)).await
    }

    #[doc = include_str!("../docs/udp/recv_batch.md")]
    pub async fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        let association = self.association();
        self.waiting(Direction::Receive, |socket| association.receive_batch(socket, batch)).await
    }

    #[doc = include_str!("../docs/udp/closed.md")]
    pub async fn closed(&self) -> io::Error {
        let mut ticket = None;
        let mut wait = |waker: &Waker| self.shared.sockets.wait(Direction::Receive, &mut ticket, waker);
        poll_fn(|cx| self.poll_closed(&mut wait, cx.waker())).await
    }

    /// Polls to send a datagram like [`send_to`](Self::send_to).
    ///
    /// A call that returns `Pending` has sent nothing. Only the task of the last call is woken.
    /// The datagram does not wait for the pause of an encapsulation.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NameToResolve`](crate::Invalid::NameToResolve): the target is a name that this
    ///   machine would have to resolve.
    /// - Those of `send_to`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        payload: &[u8],
        target: &Target<'_>,
    ) -> Poll<io::Result<usize>> {
        let target = self.addressed(target)?;
        self.poll_attempts(cx, Direction::Send, self.polling(Direction::Send), |socket| {
            self.association().send(socket, &Header::new(&target)?, payload).map(Some)
        })
    }

    /// Polls to receive a datagram like [`recv_from`](Self::recv_from).
    ///
    /// It can return `Pending` to let other tasks run, and wakes the task then. Only the task of
    /// the last call is woken.
    ///
    /// # Errors
    ///
    /// - Those of `recv_from`.
    pub fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, Address)>> {
        self.poll_attempts(cx, Direction::Receive, self.polling(Direction::Receive), |socket| {
            self.take_from(socket, buf)
        })
    }

    /// Polls until the socket has room for a datagram.
    ///
    /// Only the task of the last call of this or of [`poll_send_to`](Self::poll_send_to) is woken.
    ///
    /// # Errors
    ///
    /// - An error of the runtime, for example because it shuts down.
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(Direction::Send, &mut self.polling(Direction::Send), cx.waker())
    }

    /// Returns the function that registers the task of a `poll` call. It replaces an earlier task.
    pub(crate) fn polling(&self, direction: Direction) -> impl FnMut(&Waker) {
        move |waker| self.shared.sockets.bell(direction).waiters.wait(WITHOUT_TICKET, waker)
    }

    /// Sends one datagram. If it has to wait first, it is sealed afterwards, so a call that is
    /// cancelled meanwhile has used no sequence number.
    fn sending<T>(
        &self,
        mut attempt: impl FnMut(&Socket) -> io::Result<T>,
    ) -> impl Future<Output = io::Result<T>> {
        let (mut is_begun, mut pause, mut ticket) = (false, None, None);
        poll_fn(move |cx| {
            if !is_begun {
                is_begun = true;
                // Most datagrams have none, and futures of all of them have room for it.
                pause = self.association().pause()?.map(Box::new);
            }
            if let Some(waiting) = &mut pause {
                ready!(F::poll_pause(cx, waiting, None))?;
                pause = None;
            }
            let wait = |waker: &Waker| self.shared.sockets.wait(Direction::Send, &mut ticket, waker);
            self.poll_attempts(cx, Direction::Send, wait, |socket| attempt(socket).map(Some))
        })
    }

    /// Makes attempts until one succeeds. An attempt returns `None` if it dropped a datagram.
    fn waiting<T>(
        &self,
        direction: Direction,
        mut attempt: impl FnMut(&Socket) -> io::Result<Option<T>>,
    ) -> impl Future<Output = io::Result<T>> {
        let mut ticket = None;
        poll_fn(move |cx| {
            let wait = |waker: &Waker| self.shared.sockets.wait(direction, &mut ticket, waker);
            self.poll_attempts(cx, direction, wait, &mut attempt)
        })
    }

    pub(crate) fn poll_attempts<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        wait: impl FnMut(&Waker),
        attempt: impl FnMut(&Socket) -> io::Result<Option<T>>,
    ) -> Poll<io::Result<T>> {
        F::poll_with_budget(&self.shared.sockets.udp, cx, |cx| {
            self.poll_in_a_row(cx, direction, wait, attempt)
        })
    }

    fn poll_in_a_row<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut wait: impl FnMut(&Waker),
        mut attempt: impl FnMut(&Socket) -> io::Result<Option<T>>,
    ) -> Poll<io::Result<T>> {
        for _ in 0..STEPS_AT_ONCE {
            let mut attempted = self.attempt(direction, &mut attempt);
            if direction == Direction::Receive && would_block(&attempted) {
                let closed = self.poll_closed(&mut wait, cx.waker());
                // The runtime may not have reported a datagram that arrived before the end. It
                // does not know of joined datagrams that another task has left in memory.
                if closed.is_ready() || self.has_more() {
                    attempted = attempt(&SockRef::from(self));
                }
                if let (Poll::Ready(end), true) = (closed, would_block(&attempted)) {
                    return Poll::Ready(Err(end));
                }
            }
            match attempted {
                Ok(Some(done)) => {
                    if direction == Direction::Receive {
                        self.wake_for_more();
                    }
                    return Poll::Ready(Ok(done));
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.poll_ready(direction, &mut wait, cx.waker()))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if direction == Direction::Receive {
            // This task may be cancelled before it takes the rest.
            self.wake_for_more();
            // A relay that never stops sending malformed datagrams must not hide the end.
            self.check_now()?;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Registers the task before it polls, so that no event in between is missed.
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        wait: &mut impl FnMut(&Waker),
        waker: &Waker,
    ) -> Poll<io::Result<()>> {
        let sockets = &self.shared.sockets;
        wait(waker);
        F::poll_ready(&sockets.udp, direction, &mut Context::from_waker(&sockets.bell(direction).waker))
    }

    fn poll_closed(&self, wait: &mut impl FnMut(&Waker), waker: &Waker) -> Poll<io::Error> {
        wait(waker);
        match self.check_now() {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }
}

fn would_block<T>(attempted: &io::Result<T>) -> bool {
    attempted.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) mod joined;
