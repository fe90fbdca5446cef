//! Tokio's sockets for an association.

use super::Tokio;
use super::peers::Peers;
use crate::protocol::pause::{Clock, Pause};
use crate::reactor::{AsyncSockets, Control, Watched};
use crate::runtime::{ControlIo, Deadline, Direction, PerHop, UdpFrontEnd};
use socket2::{SockRef, Socket};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::coop::poll_proceed;

/// A UDP socket that also wakes its tasks for errors, such as a refusal of the relay. Tokio's
/// `poll` functions wake for datagrams only.
pub struct Udp {
    socket: Arc<UdpSocket>,
    /// Waits for an error. It is created on first use, and again after it was ready.
    error_ready: Mutex<Option<ErrorReady>>,
    pub(crate) peers: Peers,
}

type ErrorReady = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

impl Udp {
    fn poll_error_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut error_ready = self.error_ready.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = error_ready.get_or_insert_with(|| {
            let socket = Arc::clone(&self.socket);
            Box::pin(async move { socket.ready(Interest::ERROR).await.map(drop) })
        });
        let ready = ready!(waiting.as_mut().poll(cx));
        *error_ready = None;
        Poll::Ready(ready)
    }
}

impl fmt::Debug for Udp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Udp")
            .field("socket", &self.socket)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}

impl UdpFrontEnd for Tokio {
    type Control = Control<Self>;
    type Sockets = Watched<Self>;

    fn control(dialled: TcpStream) -> Control<Self> {
        Control::Plain(dialled)
    }

    fn watch(controls: PerHop<Control<Self>>, udp: std::net::UdpSocket) -> io::Result<Watched<Self>> {
        let socket = Arc::new(UdpSocket::from_std(udp)?);
        Ok(Watched::new(Udp { socket, error_ready: Mutex::default(), peers: Peers::default() }, controls))
    }

    fn attempt<T>(
        sockets: &Watched<Self>,
        direction: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        let socket = &sockets.udp.socket;
        let mut attempt = Some(attempt);
        let mut called = || match attempt.take() {
            Some(attempt) => attempt(&SockRef::from(&**socket)),
            None => Err(io::ErrorKind::WouldBlock.into()),
        };
        match direction {
            Direction::Send => socket.try_io(Interest::WRITABLE, called),
            Direction::Receive => match socket.try_io(Interest::READABLE, &mut called) {
                // No datagram is reported. An error may be; one call can't check both.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.try_io(Interest::ERROR, called)
                }
                tried => tried,
            },
        }
    }

    fn read_control(sockets: &Watched<Self>, hop: usize, buf: &mut [u8]) -> Option<io::Result<usize>> {
        sockets.read_control(hop, buf)
    }

    fn poll_control(
        sockets: &Watched<Self>,
        cx: &mut Context<'_>,
        io: ControlIo<'_>,
        _: Deadline,
    ) -> Poll<io::Result<usize>> {
        sockets.controls.last.poll_io(cx, io)
    }

    fn poll_pause(cx: &mut Context<'_>, pause: &mut Pause, _: Deadline) -> Poll<io::Result<()>> {
        pause.poll(cx, Self::CLOCK).map(Ok)
    }

    fn wake_receivers(sockets: &Watched<Self>) {
        sockets.wake_receivers();
    }

    fn wake_for_more(sockets: &Watched<Self>) {
        sockets.wake_receivers();
    }

    #[cfg(unix)]
    fn fd(sockets: &Watched<Self>) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&*sockets.udp.socket)
    }

    #[cfg(windows)]
    fn handle(sockets: &Watched<Self>) -> std::os::windows::io::BorrowedSocket<'_> {
        std::os::windows::io::AsSocket::as_socket(&*sockets.udp.socket)
    }
}

impl AsyncSockets for Tokio {
    type Udp = Udp;
    type Dialled = TcpStream;

    const CLOCK: Clock = super::io::clock;

    /// Uses the task's budget of tokio.
    fn poll_with_budget<T>(
        _: &Udp,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let budget = ready!(poll_proceed(cx));
        let done = ready!(work(cx));
        budget.made_progress();
        Poll::Ready(done)
    }

    fn poll_ready(udp: &Udp, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match direction {
            Direction::Send => udp.socket.poll_send_ready(cx),
            Direction::Receive => match udp.poll_error_ready(cx) {
                Poll::Pending => udp.socket.poll_recv_ready(cx),
                ready @ Poll::Ready(_) => ready,
            },
        }
    }

    fn poll_dialled(dialled: &TcpStream, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>> {
        let done = |done: &io::Result<usize>| !is_would_block(done);
        match io {
            ControlIo::Flush => Poll::Ready(Ok(0)),
            ControlIo::Read(buf) => loop {
                ready!(dialled.poll_read_ready(cx))?;
                if let Some(read) = Some(dialled.try_read(buf)).filter(done) {
                    return Poll::Ready(read);
                }
            },
            ControlIo::Write(bytes) => loop {
                ready!(dialled.poll_write_ready(cx))?;
                if let Some(written) = Some(dialled.try_write(bytes)).filter(done) {
                    return Poll::Ready(written);
                }
            },
        }
    }
}

fn is_would_block(done: &io::Result<usize>) -> bool {
    matches!(done, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
