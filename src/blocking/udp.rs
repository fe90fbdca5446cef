//! The blocking calls of an association's socket.

use super::block_on::block_on;
use super::control::Control;
use super::notify::Notify;
use super::timeout::Timeout;
use super::wait::{sleep, wait};
use super::{Blocking, Dialled};
use crate::error::Error;
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::pause::Pause;
use crate::protocol::target::IntoTarget;
use crate::protocol::udp::fragments::Fragments;
use crate::proxy::into_proxy::IntoProxy;
use crate::runtime::{ControlIo, Deadline, Direction, PerHop, UdpFrontEnd};
use crate::udp::{Datagram, Header, RecvBatch, SendBatch, SocksUdpSocket};
use arrayvec::ArrayVec;
use rustix::event::{PollFd, PollFlags};
use socket2::{SockRef, Socket};
use std::io;
use std::net::UdpSocket;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a thread leaves the TCP connection alone while a request reads from it.
const RECHECK: Duration = Duration::from_millis(20);

/// A chain with more earlier proxies than this takes memory for each wait.
const FEW_PROXIES: usize = 8;

/// The non-blocking sockets of an association, and the timeouts of its calls.
#[derive(Debug)]
pub struct Sockets {
    udp: UdpSocket,
    controls: PerHop<Control>,
    more: Notify,
    read_timeout: Timeout,
    write_timeout: Timeout,
}

impl UdpFrontEnd for Blocking {
    type Control = Control;
    type Sockets = Sockets;

    fn control(dialled: Dialled) -> Control {
        Control::plain(dialled.stream)
    }

    fn watch(controls: PerHop<Control>, udp: UdpSocket) -> io::Result<Sockets> {
        controls.iter().try_for_each(Control::watch)?;
        let (read_timeout, write_timeout) = Default::default();
        Ok(Sockets { udp, controls, more: Notify::new()?, read_timeout, write_timeout })
    }

    fn attempt<T>(
        sockets: &Sockets,
        _: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        attempt(&SockRef::from(&sockets.udp))
    }

    fn read_control(sockets: &Sockets, hop: usize, buf: &mut [u8]) -> Option<io::Result<usize>> {
        sockets.controls.get(hop).read(buf)
    }

    fn poll_control(
        sockets: &Sockets,
        cx: &mut Context<'_>,
        io: ControlIo<'_>,
        deadline: Deadline,
    ) -> Poll<io::Result<usize>> {
        sockets.controls.last.wait_io(io, deadline).map_or_else(|| late(cx), Poll::Ready)
    }

    fn poll_pause(cx: &mut Context<'_>, pause: &mut Pause, deadline: Deadline) -> Poll<io::Result<()>> {
        sleep(pause, deadline).map_or_else(|_| late(cx), |()| Poll::Ready(Ok(())))
    }

    /// Receivers also poll the TCP connections. A request may read from the last one, and notices
    /// that too.
    fn wake_receivers(sockets: &Sockets) {
        sockets.controls.iter().for_each(Control::shut_down);
    }

    fn wake_for_more(sockets: &Sockets) {
        sockets.more.notify();
    }

    #[cfg(unix)]
    fn fd(sockets: &Sockets) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&sockets.udp)
    }

    #[cfg(windows)]
    fn handle(sockets: &Sockets) -> std::os::windows::io::BorrowedSocket<'_> {
        std::os::windows::io::AsSocket::as_socket(&sockets.udp)
    }
}

/// Returns to the caller, which then notices that its deadline has passed.
fn late<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl SocksUdpSocket<Blocking> {
    #[doc = include_str!("../docs/udp/associate.md")]
    pub fn associate<'p>(proxy: impl IntoProxy<'p>) -> Result<Self, Error> {
        block_on(crate::udp::associate::<Blocking>(proxy))
    }

    #[doc = include_str!("../docs/udp/request.md")]
    pub fn request<'t>(&self, command: Command, target: impl IntoTarget<'t>) -> Result<Address, Error> {
        block_on(self.send_request(command, target.into_target()?))
    }

    #[doc = include_str!("../docs/udp/keep_alive.md")]
    pub fn keep_alive(&self) -> Result<(), Error> {
        block_on(self.send_keep_alive())
    }

    #[doc = include_str!("../docs/udp/send_to.md")]
    pub fn send_to<'t>(&self, payload: &[u8], target: impl IntoTarget<'t>) -> io::Result<usize> {
        let deadline = self.send_deadline();
        let target = block_on(self.resolved(target, deadline))?;
        self.sending(deadline, |socket| self.association().send(socket, &Header::new(&target)?, payload))
    }

    #[doc = include_str!("../docs/udp/recv_from.md")]
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        self.receiving(|socket| self.take_from(socket, buf))
    }

    #[doc = include_str!("../docs/udp/connect.md")]
    pub fn connect<'t>(&self, target: impl IntoTarget<'t>) -> io::Result<()> {
        let target = block_on(self.resolved(target, self.send_deadline()))?;
        Ok(self.association().admission.connect(target.into_owned())?)
    }

    #[doc = include_str!("../docs/udp/send.md")]
    pub fn send(&self, payload: &[u8]) -> io::Result<usize> {
        let association = self.association();
        self.sending(self.send_deadline(), |socket| {
            association.admission.with_peer(|header| association.send(socket, header, payload))
        })
    }

    #[doc = include_str!("../docs/udp/recv.md")]
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receiving(|socket| self.take(socket, buf))
    }

    #[doc = include_str!("../docs/udp/send_in_place.md")]
    pub fn send_in_place<'t>(&self, buf: &mut [u8], target: impl IntoTarget<'t>) -> io::Result<usize> {
        let target = self.addressed(target)?;
        self.sending(self.send_deadline(), |socket| {
            self.association().send_in_place(socket, &Header::new(&target)?, buf)
        })
    }

    #[doc = include_str!("../docs/udp/recv_in_place.md")]
    pub fn recv_in_place<'b>(&self, buf: &'b mut [u8]) -> io::Result<Datagram<'b>> {
        let placed = self.receiving(|socket| self.association().receive_in_place(socket, buf))?;
        Ok(placed.lend(buf))
    }

    #[doc = include_str!("../docs/udp/send_fragmented.md")]
    pub fn send_fragmented<'t>(
        &self,
        payload: &[u8],
        target: impl IntoTarget<'t>,
        fragment_len: usize,
    ) -> io::Result<usize> {
        let fragments = Fragments::of(payload, fragment_len).map_err(Error::from)?;
        let deadline = self.send_deadline();
        let target = block_on(self.resolved(target, deadline))?;
        for (fragment, part) in fragments {
            let header = Header::new(&target)?.fragment(fragment);
            self.sending(deadline, |socket| self.association().send(socket, &header, part))?;
        }
        Ok(payload.len())
    }

    #[doc = include_str!("../docs/udp/send_batch.md")]
    pub fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize> {
        let deadline = || self.send_deadline();
        self.waiting(Direction::Send, deadline, |socket| self.send_batch_now(socket, batch).map(Some))
    }

    #[doc = include_str!("../docs/udp/recv_batch.md")]
    pub fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.receiving(|socket| self.association().receive_batch(socket, batch))
    }

    #[doc = include_str!("../docs/udp/closed.md")]
    #[must_use]
    pub fn closed(&self) -> io::Error {
        loop {
            let recheck = self.recheck();
            let mut polled = Polled::new();
            if recheck.is_none() {
                polled.push(self.sockets().controls.last.poll_fd());
            }
            let earlier = self.sockets().controls.earlier();
            if let Err(error) = self.check_now().and_then(|()| wait_for_all(&mut polled, earlier, recheck)) {
                return error;
            }
        }
    }

    /// Sets how long a receiving call may wait. `None` is the default: no limit.
    ///
    /// The limit covers the whole call, including the time for datagrams that are dropped. A call
    /// that exceeds it fails with [`TimedOut`](io::ErrorKind::TimedOut) on every system. Clones of
    /// the socket share the setting.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput): the timeout is zero.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.sockets().read_timeout.set(timeout)
    }

    /// Sets how long a sending call may wait: for the local resolver, for a pause of the
    /// encapsulation, and for the socket. `None` is the default: no limit.
    ///
    /// Apart from that it is like [`set_read_timeout`](Self::set_read_timeout).
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput): the timeout is zero.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.sockets().write_timeout.set(timeout)
    }

    /// Returns the limit that [`set_read_timeout`](Self::set_read_timeout) has set.
    #[must_use]
    pub fn read_timeout(&self) -> Option<Duration> {
        self.sockets().read_timeout.get()
    }

    /// Returns the limit that [`set_write_timeout`](Self::set_write_timeout) has set.
    #[must_use]
    pub fn write_timeout(&self) -> Option<Duration> {
        self.sockets().write_timeout.get()
    }

    fn sockets(&self) -> &Sockets {
        &self.shared.sockets
    }

    fn send_deadline(&self) -> Deadline {
        self.sockets().write_timeout.deadline()
    }

    /// Sends one datagram. If it has to wait first, it is sealed afterwards, so a call that times
    /// out meanwhile has used no sequence number.
    fn sending<T>(
        &self,
        deadline: Deadline,
        mut attempt: impl FnMut(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        if let Some(mut pause) = self.association().pause()? {
            sleep(&mut pause, deadline)?;
        }
        self.waiting(Direction::Send, || deadline, |socket| attempt(socket).map(Some))
    }

    fn receiving<T>(&self, attempt: impl FnMut(&Socket) -> io::Result<Option<T>>) -> io::Result<T> {
        self.waiting(Direction::Receive, || self.sockets().read_timeout.deadline(), attempt)
    }

    /// Makes attempts until one succeeds. An attempt returns `None` if it dropped a datagram.
    fn waiting<T>(
        &self,
        direction: Direction,
        deadline: impl Fn() -> Deadline,
        mut attempt: impl FnMut(&Socket) -> io::Result<Option<T>>,
    ) -> io::Result<T> {
        let mut began = None;
        loop {
            match self.attempt(direction, &mut attempt) {
                Ok(Some(done)) => {
                    if direction == Direction::Receive {
                        self.wake_for_more();
                    }
                    return Ok(done);
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let deadline = *began.get_or_insert_with(&deadline);
                    self.wait(direction, deadline)?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            // A relay that sends only malformed datagrams must not block the call any longer.
            let deadline = *began.get_or_insert_with(&deadline);
            if let Err(late) = check_time(deadline) {
                if direction == Direction::Receive {
                    self.wake_for_more();
                }
                return Err(late);
            }
        }
    }

    /// Returns when to poll the TCP connection again, if a request reads from it now. Its readiness
    /// is not for others then, and they would not wait.
    fn recheck(&self) -> Deadline {
        self.association().is_requesting().then(|| Instant::now() + RECHECK)
    }

    /// Waits until an attempt may succeed or the association has ended.
    fn wait(&self, direction: Direction, deadline: Deadline) -> io::Result<()> {
        self.association().check()?;
        let Sockets { udp, controls, more, .. } = self.sockets();
        if controls.last.reads_ahead() && self.check_now().is_err() {
            // The next attempt takes a datagram that arrived before the end, or reports the end.
            return Ok(());
        }
        let (flags, waiting) = match direction {
            Direction::Send => (PollFlags::OUT, None),
            Direction::Receive => (PollFlags::IN, Some(more.wait())),
        };
        if waiting.is_some() && self.has_more() {
            return Ok(());
        }
        let mut all = Polled::from_iter([PollFd::new(udp, flags)]);
        if let Some(waiting) = &waiting {
            waiting.add_to(&mut all);
        }
        let control_at = all.len();
        let recheck = self.recheck();
        if recheck.is_none() {
            all.push(controls.last.poll_fd());
        }
        let until = recheck.into_iter().chain(deadline).min();
        let Some(ready) = wait_for_all(&mut all, controls.earlier(), until)? else {
            return check_time(deadline);
        };
        let is_ready = |place: usize| all.get(place).is_some_and(|polled| !polled.revents().is_empty());
        if let Some(waiting) = waiting.as_ref().filter(|_| (1..control_at).any(is_ready)) {
            waiting.reset();
            return Ok(());
        }
        // A datagram that arrived before the end is still received.
        if is_ready(0) || !(is_ready(control_at) || ready == Ready::Earlier) {
            return Ok(());
        }
        self.check_now()?;
        // A proxy that never stops sending frames without content must not block the call longer.
        check_time(deadline)
    }
}

/// The sockets that every waiting call polls: the UDP socket, the eventfd, and the TCP connection
/// of the last proxy.
type Polled<'a> = ArrayVec<PollFd<'a>, 3>;

/// Which sockets are ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ready {
    /// Those that every waiting call polls.
    Usual,
    /// The TCP connection of an earlier proxy, and perhaps others.
    Earlier,
}

/// Waits until one of the sockets, or of the TCP connections of earlier proxies, is ready. Returns
/// `None` if the deadline passes.
fn wait_for_all<'a>(
    usual: &mut Polled<'a>,
    earlier: &'a [Control],
    until: Deadline,
) -> io::Result<Option<Ready>> {
    if earlier.is_empty() {
        return Ok(wait(usual, until)?.then_some(Ready::Usual));
    }
    let all = || usual.iter().cloned().chain(earlier.iter().map(Control::poll_fd));
    let (mut few, mut many);
    let all = if earlier.len() <= FEW_PROXIES {
        few = all().collect::<ArrayVec<_, { FEW_PROXIES + 3 }>>();
        &mut few[..]
    } else {
        many = all().collect::<Vec<_>>();
        &mut many[..]
    };
    let is_ready = wait(all, until)?;
    let (own, earlier) = all.split_at(usual.len());
    let is_earlier = earlier.iter().any(|polled| !polled.revents().is_empty());
    usual.clone_from_slice(own);
    Ok(is_ready.then_some(if is_earlier { Ready::Earlier } else { Ready::Usual }))
}

fn check_time(deadline: Deadline) -> io::Result<()> {
    match deadline {
        Some(deadline) if deadline <= Instant::now() => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
