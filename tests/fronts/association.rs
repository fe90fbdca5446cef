//! Associations of every front end, as a test that blocks calls them.

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use crate::support::blocked::Executor;
#[cfg(any(feature = "smol", feature = "async-std"))]
use crate::support::blocked::OnAsyncIo;
#[cfg(feature = "tokio")]
use crate::support::blocked::OnTokio;
use anysocks::protocol::Command;
use anysocks::udp::{Datagram, RecvBatch, SendBatch};
use anysocks::{Address, Error, Target};
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

type Reply = Result<Address, Error>;

/// A socket of some front end. The names are those of its own calls.
pub(crate) trait Association: Debug + Send + Sync {
    fn send_to(&self, payload: &[u8], target: &str) -> io::Result<usize>;
    fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)>;
    fn connect(&self, target: &str) -> io::Result<()>;
    fn send(&self, payload: &[u8]) -> io::Result<usize>;
    fn recv(&self, buf: &mut [u8]) -> io::Result<usize>;
    fn try_send_to(&self, payload: &[u8], target: &str) -> io::Result<usize>;
    fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)>;
    fn send_in_place(&self, buf: &mut [u8], target: &str) -> io::Result<usize>;
    fn recv_in_place<'b>(&self, buf: &'b mut [u8]) -> io::Result<Datagram<'b>>;
    fn send_fragmented(&self, payload: &[u8], target: &str, fragment_len: usize) -> io::Result<usize>;
    fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize>;
    fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize>;
    fn closed(&self) -> io::Error;
    fn request(&self, command: Command, target: &str) -> Reply;
    fn keep_alive(&self) -> Result<(), Error>;
    fn relay_addr(&self) -> SocketAddr;
    fn bound_addr(&self) -> &Address;
    fn local_addr(&self) -> SocketAddr;
    fn peer(&self) -> Option<Target<'static>>;
    fn dropped(&self) -> u64;
    fn max_payload(&self, target: &str) -> usize;
    fn headroom(&self) -> usize;
    fn another(&self) -> Box<dyn Association>;

    /// The outcome of each call that sends to a target, and of `connect`.
    fn each_send(&self, payload: &[u8], target: &Target<'_>) -> [(&'static str, io::Result<usize>); 5];

    /// The outcome of each call that sends to the target, or to a peer, and may wait. It waits no
    /// longer than this: `TimedOut` then.
    fn each_send_within(
        &self,
        limit: Duration,
        payload: &[u8],
        target: &str,
    ) -> [(&'static str, io::Result<usize>); 4];

    /// Receives, but waits no longer than this: `TimedOut` then.
    fn recv_from_within(&self, limit: Duration, buf: &mut [u8]) -> io::Result<(usize, Address)>;

    /// What it gets next, with room for this much, before the limit.
    fn received_within(&self, limit: Duration, room: usize) -> (Vec<u8>, Address) {
        let mut buf = vec![0xEE; room];
        let (n, source) = self.recv_from_within(limit, &mut buf).expect("a datagram from the relay");
        buf.truncate(n);
        (buf, source)
    }

    /// Requests, but waits no longer than this, which is the proxy's timeout too. `None` if the
    /// call was cancelled then.
    fn request_within(&self, limit: Duration, command: Command, target: &str) -> Option<Reply>;

    /// The `poll` functions, where there are any.
    fn polled(&self) -> Option<&dyn Polled>;
}

/// A socket whose tasks are woken.
pub(crate) trait Polled {
    fn poll_send_to(&self, cx: &mut Context<'_>, payload: &[u8], target: &str) -> Poll<io::Result<usize>>;
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, Address)>>;

    /// `poll_send_to` with any target.
    fn poll_send_any(&self, cx: &mut Context<'_>, to: &Target<'_>) -> Poll<io::Result<usize>>;

    /// Polls the work as a task of this front end's runtime.
    fn as_a_task(&self, work: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>);
}

fn target(text: &str) -> Target<'_> {
    text.try_into().expect("a target")
}

/// Calls of the same name and arguments, through `$run`.
macro_rules! calls {
    ($run:path) => {
        fn send_to(&self, payload: &[u8], target: &str) -> io::Result<usize> {
            $run(self.send_to(payload, target))
        }

        fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
            $run(self.recv_from(buf))
        }

        fn connect(&self, target: &str) -> io::Result<()> {
            $run(self.connect(target))
        }

        fn send(&self, payload: &[u8]) -> io::Result<usize> {
            $run(self.send(payload))
        }

        fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
            $run(self.recv(buf))
        }

        fn try_send_to(&self, payload: &[u8], target: &str) -> io::Result<usize> {
            self.try_send_to(payload, target)
        }

        fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
            self.try_recv_from(buf)
        }

        fn send_in_place(&self, buf: &mut [u8], target: &str) -> io::Result<usize> {
            $run(self.send_in_place(buf, target))
        }

        fn recv_in_place<'b>(&self, buf: &'b mut [u8]) -> io::Result<Datagram<'b>> {
            $run(self.recv_in_place(buf))
        }

        fn send_fragmented(&self, payload: &[u8], target: &str, fragment_len: usize) -> io::Result<usize> {
            $run(self.send_fragmented(payload, target, fragment_len))
        }

        fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize> {
            $run(self.send_batch(batch))
        }

        fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize> {
            $run(self.recv_batch(batch))
        }

        fn closed(&self) -> io::Error {
            $run(self.closed())
        }

        fn request(&self, command: Command, target: &str) -> Reply {
            $run(self.request(command, target))
        }

        fn keep_alive(&self) -> Result<(), Error> {
            $run(self.keep_alive())
        }

        fn each_send(&self, payload: &[u8], target: &Target<'_>) -> [(&'static str, io::Result<usize>); 5] {
            let mut in_place = [&vec![0; self.headroom()][..], payload].concat();
            [
                ("send_to", $run(self.send_to(payload, target))),
                ("try_send_to", self.try_send_to(payload, target)),
                ("send_in_place", $run(self.send_in_place(&mut in_place, target))),
                ("send_fragmented", $run(self.send_fragmented(payload, target, 100))),
                ("connect", $run(self.connect(target)).map(|()| 0)),
            ]
        }

        fn relay_addr(&self) -> SocketAddr {
            self.relay_addr()
        }

        fn bound_addr(&self) -> &Address {
            self.bound_addr()
        }

        fn local_addr(&self) -> SocketAddr {
            self.local_addr()
        }

        fn peer(&self) -> Option<Target<'static>> {
            self.peer()
        }

        fn dropped(&self) -> u64 {
            self.dropped()
        }

        fn max_payload(&self, to: &str) -> usize {
            self.max_payload(&target(to))
        }

        fn headroom(&self) -> usize {
            self.headroom()
        }

        fn another(&self) -> Box<dyn Association> {
            Box::new(self.clone())
        }
    };
}

/// The outcomes of `each_send_within`, of the calls that `$within` limits.
macro_rules! each_send_within {
    ($socket:ident, $within:path, $limit:ident, $payload:ident, $target:ident) => {{
        let mut in_place = [&vec![0; $socket.headroom()][..], $payload].concat();
        [
            ("send_to", $within($limit, $socket.send_to($payload, $target))),
            ("send", $within($limit, $socket.send($payload))),
            ("send_in_place", $within($limit, $socket.send_in_place(&mut in_place, $target))),
            ("send_fragmented", $within($limit, $socket.send_fragmented($payload, $target, 100))),
        ]
    }};
}

/// `each_send_within` of an asynchronous front end.
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
macro_rules! sends_within {
    ($within:path) => {
        fn each_send_within(
            &self,
            limit: Duration,
            payload: &[u8],
            target: &str,
        ) -> [(&'static str, io::Result<usize>); 4] {
            each_send_within!(self, $within, limit, payload, target)
        }
    };
}

/// What a call that blocks has come to.
fn done<T>(done: T) -> T {
    done
}

impl Association for anysocks::blocking::Socks5UdpSocket {
    calls!(done);

    fn each_send_within(
        &self,
        limit: Duration,
        payload: &[u8],
        target: &str,
    ) -> [(&'static str, io::Result<usize>); 4] {
        self.set_write_timeout(Some(limit)).expect("a timeout");
        let sent = each_send_within!(self, limited, limit, payload, target);
        self.set_write_timeout(None).expect("a timeout");
        sent
    }

    fn recv_from_within(&self, limit: Duration, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        self.set_read_timeout(Some(limit))?;
        let received = self.recv_from(buf);
        self.set_read_timeout(None)?;
        received
    }

    fn request_within(&self, _: Duration, command: Command, target: &str) -> Option<Reply> {
        Some(self.request(command, target))
    }

    fn polled(&self) -> Option<&dyn Polled> {
        None
    }
}

/// What a call that blocks has come to, under a limit of its own.
fn limited<T>(_: Duration, done: T) -> T {
    done
}

#[cfg(feature = "tokio")]
fn on_tokio_within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    OnTokio::run(async { tokio::time::timeout(limit, work).await })?
}

#[cfg(feature = "tokio")]
impl Association for anysocks::tokio::Socks5UdpSocket {
    calls!(OnTokio::run);

    sends_within!(on_tokio_within);

    fn recv_from_within(&self, limit: Duration, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        on_tokio_within(limit, self.recv_from(buf))
    }

    fn request_within(&self, limit: Duration, command: Command, target: &str) -> Option<Reply> {
        OnTokio::run(async { tokio::time::timeout(limit, self.request(command, target)).await }).ok()
    }

    fn polled(&self) -> Option<&dyn Polled> {
        Some(self)
    }
}

#[cfg(any(feature = "smol", feature = "async-std"))]
fn on_async_io_within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let late = async {
        async_io::Timer::after(limit).await;
        None
    };
    OnAsyncIo::run(smol::future::or(late, async { Some(work.await) }))
}

#[cfg(any(feature = "smol", feature = "async-std"))]
fn io_within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    on_async_io_within(limit, work).unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

/// The calls with a limit of a front end on async-io.
#[cfg(any(feature = "smol", feature = "async-std"))]
macro_rules! limited_on_async_io {
    () => {
        sends_within!(io_within);

        fn recv_from_within(&self, limit: Duration, buf: &mut [u8]) -> io::Result<(usize, Address)> {
            io_within(limit, self.recv_from(buf))
        }

        fn request_within(&self, limit: Duration, command: Command, target: &str) -> Option<Reply> {
            on_async_io_within(limit, self.request(command, target))
        }
    };
}

#[cfg(feature = "smol")]
impl Association for anysocks::smol::Socks5UdpSocket {
    calls!(OnAsyncIo::run);

    limited_on_async_io!();

    fn polled(&self) -> Option<&dyn Polled> {
        Some(self)
    }
}

#[cfg(feature = "async-std")]
impl Association for anysocks::async_std::Socks5UdpSocket {
    calls!(OnAsyncIo::run);

    limited_on_async_io!();

    fn polled(&self) -> Option<&dyn Polled> {
        Some(self)
    }
}

/// The `poll` functions of a front end.
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
macro_rules! polled {
    ($socket:ty, $run:path) => {
        impl Polled for $socket {
            fn poll_send_to(
                &self,
                cx: &mut Context<'_>,
                payload: &[u8],
                to: &str,
            ) -> Poll<io::Result<usize>> {
                self.poll_send_to(cx, payload, &target(to))
            }

            fn poll_recv_from(
                &self,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<(usize, Address)>> {
                self.poll_recv_from(cx, buf)
            }

            fn poll_send_any(&self, cx: &mut Context<'_>, to: &Target<'_>) -> Poll<io::Result<usize>> {
                self.poll_send_to(cx, b"hello", to)
            }

            fn as_a_task(&self, work: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) {
                $run(std::future::poll_fn(work));
            }
        }
    };
}

#[cfg(feature = "tokio")]
polled!(anysocks::tokio::Socks5UdpSocket, OnTokio::run);
#[cfg(feature = "smol")]
polled!(anysocks::smol::Socks5UdpSocket, OnAsyncIo::run);
#[cfg(feature = "async-std")]
polled!(anysocks::async_std::Socks5UdpSocket, OnAsyncIo::run);
