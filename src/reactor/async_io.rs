//! The code that the smol and async-std front ends share: both use async-io.

use crate::error::{Error, ErrorKind};
use crate::futures::FuturesIo;
use crate::futures::handshake::{converse_on, poll_converse};
use crate::protocol::address::Address;
use crate::protocol::conversation::Conversation;
use crate::protocol::pause;
use crate::protocol::pause::Pause;
use crate::protocol::version::Version;
use crate::proxy::SocketOptions;
use crate::reactor::{self, AsyncSockets, Control, Reactor, SupportsStream, Watched, within};
use crate::route::listener::SocksListener;
use crate::runtime::dial::Failures;
use crate::runtime::{ControlIo, Direction, PerHop, UdpFrontEnd};
use crate::runtime::{Deadline, Ends, Runtime, deadline};
use crate::stream::SocksStream;
use crate::stream::driver::STEPS_AT_ONCE;
use ::async_io::{Async, Timer};
use futures_io::{AsyncRead, AsyncWrite};
use socket2::{SockAddr, SockRef, Socket};
use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A front end over async-io: smol or async-std.
pub trait AsyncIoFrontEnd: FuturesIo + Sized + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static;

    /// A stream that can be read through a shared reference.
    type Shared: Send + Sync + 'static;

    /// Returns the addresses of both ends.
    fn ends(stream: &Self::Stream) -> io::Result<Ends>;

    fn share(stream: Self::Stream) -> Self::Shared;

    fn poll_io(shared: &Self::Shared, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>>;

    /// Converts a connected socket to the stream of the front end.
    fn adopt(socket: Async<TcpStream>) -> io::Result<Self::Stream>;
}

impl<F: AsyncIoFrontEnd> Reactor for F {
    type Socket = Async<TcpStream>;
    type Sleep = Timer;

    fn watch(socket: TcpStream) -> io::Result<Self::Socket> {
        Async::new_nonblocking(socket)
    }

    fn poll_writable(socket: &Self::Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        socket.poll_writable(cx)
    }

    fn socket(socket: &Self::Socket) -> SockRef<'_> {
        socket.into()
    }

    fn adopt(socket: Self::Socket) -> io::Result<<F as AsyncIoFrontEnd>::Stream> {
        <F as AsyncIoFrontEnd>::adopt(socket)
    }

    fn sleep_until(time: Instant) -> Timer {
        Timer::at(time)
    }
}

impl<F: AsyncIoFrontEnd> Runtime for F {
    type Dialled = <F as AsyncIoFrontEnd>::Stream;
    type Stream = <F as AsyncIoFrontEnd>::Stream;

    fn now() -> Instant {
        Instant::now()
    }

    fn within<W: Future + Send + Sync>(
        deadline: Deadline,
        work: W,
    ) -> impl Future<Output = Option<W::Output>> + Send + Sync {
        within::<F, _>(deadline, work)
    }

    fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<F::Stream, Failures>> + Send + Sync {
        reactor::connect::<F>(addr, options, deadline)
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<F::Stream, Failures> {
        reactor::race::<F>(&addrs, options, deadline).await
    }

    fn converse<'a, C: Conversation + Send + Sync>(
        stream: &'a mut F::Stream,
        conversation: &'a mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync {
        reactor::converse::<F, _, _>(stream, conversation, deadline)
    }

    fn ends(stream: &F::Stream) -> io::Result<Ends> {
        <F as AsyncIoFrontEnd>::ends(stream)
    }

    fn finish(stream: <F as AsyncIoFrontEnd>::Stream) -> io::Result<<F as AsyncIoFrontEnd>::Stream> {
        Ok(stream)
    }
}

impl<F: AsyncIoFrontEnd, S: AsyncRead + AsyncWrite + Unpin + Send + Sync> SupportsStream<S> for F {
    fn poll_converse<C: Conversation>(
        stream: &mut S,
        cx: &mut Context<'_>,
        conversation: &mut C,
    ) -> Poll<Result<C::Outcome, Error>> {
        poll_converse::<F, _, _>(stream, cx, conversation)
    }

    fn poll_io(stream: &mut S, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>> {
        poll_io(stream, cx, io)
    }
}

/// A UDP socket. Unlike tokio, async-io has no budget for a task.
#[derive(Debug)]
pub struct Udp {
    socket: Async<UdpSocket>,
    /// Counts the calls, of which every 65th yields.
    calls: AtomicUsize,
}

impl<F: AsyncIoFrontEnd> UdpFrontEnd for F {
    type Control = Control<F>;
    type Sockets = Watched<F>;

    fn control(dialled: F::Stream) -> Control<F> {
        Control::Plain(F::share(dialled))
    }

    fn watch(controls: PerHop<Control<F>>, udp: UdpSocket) -> io::Result<Watched<F>> {
        let udp = Udp { socket: Async::new_nonblocking(udp)?, calls: AtomicUsize::new(0) };
        Ok(Watched::new(udp, controls))
    }

    fn attempt<T>(
        sockets: &Watched<F>,
        _: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        attempt(&SockRef::from(&sockets.udp.socket))
    }

    fn read_control(sockets: &Watched<F>, hop: usize, buf: &mut [u8]) -> Option<io::Result<usize>> {
        sockets.read_control(hop, buf)
    }

    fn poll_control(
        sockets: &Watched<F>,
        cx: &mut Context<'_>,
        io: ControlIo<'_>,
        _: Deadline,
    ) -> Poll<io::Result<usize>> {
        sockets.controls.last.poll_io(cx, io)
    }

    fn poll_pause(cx: &mut Context<'_>, pause: &mut Pause, _: Deadline) -> Poll<io::Result<()>> {
        pause.poll(cx, clock).map(Ok)
    }

    fn wake_receivers(sockets: &Watched<F>) {
        sockets.wake_receivers();
    }

    fn wake_for_more(sockets: &Watched<F>) {
        sockets.wake_receivers();
    }

    #[cfg(unix)]
    fn fd(sockets: &Watched<F>) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&sockets.udp.socket)
    }

    #[cfg(windows)]
    fn handle(sockets: &Watched<F>) -> std::os::windows::io::BorrowedSocket<'_> {
        std::os::windows::io::AsSocket::as_socket(&sockets.udp.socket)
    }
}

impl<F: AsyncIoFrontEnd> AsyncSockets for F {
    type Udp = Udp;
    type Dialled = F::Shared;

    const CLOCK: pause::Clock = clock;

    /// Every 65th call yields. The number is odd, so that a loop that selects between two calls
    /// also yields in the call that is ready.
    fn poll_with_budget<T>(
        udp: &Udp,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if udp.calls.fetch_add(1, Relaxed) % (STEPS_AT_ONCE + 1) == STEPS_AT_ONCE {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        work(cx)
    }

    fn poll_ready(udp: &Udp, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match direction {
            Direction::Send => udp.socket.poll_writable(cx),
            Direction::Receive => udp.socket.poll_readable(cx),
        }
    }

    fn poll_dialled(dialled: &F::Shared, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>> {
        <F as AsyncIoFrontEnd>::poll_io(dialled, cx, io)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: AsyncIoFrontEnd> SocksListener<S, V, F> {
    #[doc = include_str!("../docs/accept_within.md")]
    pub async fn accept_within(&mut self, limit: Duration) -> Result<(SocksStream<S, V, F>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = async {
            let in_time = within::<F, _>(deadline::<F>(limit), converse_on::<F, _, _>(stream, second)).await;
            in_time.unwrap_or_else(|| Err(second.failure(ErrorKind::TimedOut)))
        };
        let reply = request.instrument(reply).await;
        self.accepted(reply)
    }
}

/// Starts a timer of async-io's.
pub(crate) fn clock(duration: Duration) -> pause::Timer {
    Box::pin(async move {
        Timer::after(duration).await;
    })
}

/// Reads from, writes to or flushes a stream.
pub(crate) fn poll_io(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    cx: &mut Context<'_>,
    io: ControlIo<'_>,
) -> Poll<io::Result<usize>> {
    match io {
        ControlIo::Read(buf) => Pin::new(stream).poll_read(cx, buf),
        ControlIo::Write(bytes) => Pin::new(stream).poll_write(cx, bytes),
        ControlIo::Flush => Pin::new(stream).poll_flush(cx).map_ok(|()| 0),
    }
}
