//! The wrappers of the tests: a hook of every front end with a given behaviour.

use super::*;
use crate::fronts::listening::Listening;
use crate::support::listening::{Accept, Accepted};
pub(crate) use crate::support::masked::{Masked, masked};
use anysocks::{Address, SocksListener, Version};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::time::Duration;

/// The hook's action on the stream, given the proxy.
pub(crate) type Hook = Box<dyn Fn(Option<&Proxy>) -> Does + Send + Sync>;

pub(crate) enum Does {
    /// The bits of all that goes through it are turned over.
    Mask,
    /// It is never ready. A blocking one waits for bytes of the other end.
    Wait,
    Fail(io::Error),
    /// All bytes go to the script instead.
    Say(Script),
    /// The socket has a small buffer.
    Shrink,
    /// The same, and the stream keeps what is written until it is flushed.
    ShrinkAndKeep,
}

fn shrink<'s>(socket: impl Into<SockRef<'s>>) -> io::Result<()> {
    socket.into().set_send_buffer_size(8192)
}

/// A stream that keeps what it is given until it is flushed.
pub(crate) struct Keeping<S> {
    inner: S,
    kept: Vec<u8>,
}

impl<S> Keeping<S> {
    fn new(inner: S) -> Self {
        Self { inner, kept: Vec::new() }
    }
}

/// A listener over what a hook made.
macro_rules! listening {
    ($front:ty, $stream:ty, $run:path, $blocked:expr, |$listener:ident, $limit:ident| $within:expr) => {
        impl<V: Version> Listening for SocksListener<$stream, V, $front> {
            fn bound(&self) -> &Address {
                self.bound_addr()
            }

            fn raw_bound(&self) -> &Address {
                self.raw_bound_addr()
            }

            fn accept(&mut self) -> Accepted {
                Ok(Accept::of($run(self.accept())?, $blocked))
            }

            fn accept_within(&mut self, $limit: Duration) -> Accepted {
                let $listener = self;
                $within
            }
        }
    };
}

pub(crate) mod blocking {
    use super::*;
    use std::net::TcpStream;

    pub(crate) trait Stream: Read + Write + Send + Sync {}
    impl<S: Read + Write + Send + Sync> Stream for S {}
    pub(crate) type Wrapped = Box<dyn Stream>;

    pub(crate) fn wrap(mut stream: TcpStream, does: Does) -> io::Result<Wrapped> {
        match does {
            Does::Mask => Ok(Box::new(Masked(stream))),
            Does::Wait => {
                stream.read_exact(&mut [0])?;
                Ok(Box::new(stream))
            }
            Does::Fail(error) => Err(error),
            Does::Say(script) => Ok(Box::new(script)),
            Does::Shrink => shrunk(stream).map(|stream| -> Wrapped { Box::new(stream) }),
            Does::ShrinkAndKeep => Ok(Box::new(Keeping::new(shrunk(stream)?))),
        }
    }

    fn shrunk(stream: TcpStream) -> io::Result<TcpStream> {
        shrink(&stream)?;
        Ok(stream)
    }

    impl<S: Read> Read for Keeping<S> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.inner.read(buf)
        }
    }

    impl<S: Write> Write for Keeping<S> {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.kept.extend(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            while !self.kept.is_empty() {
                let n = self.inner.write(&self.kept)?;
                self.kept.drain(..n);
            }
            self.inner.flush()
        }
    }

    listening!(anysocks::blocking::Blocking, Wrapped, done, done, |_listener, limit| {
        panic!("no listener over a stream that blocks knows a deadline such as {limit:?}")
    });
}

/// The hook of a front end with this stream type.
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
macro_rules! wrap {
    ($stream:ty) => {
        pub(crate) async fn wrap(stream: $stream, does: Does) -> io::Result<Wrapped> {
            match does {
                Does::Mask => Ok(Box::new(Masked(stream))),
                Does::Wait => std::future::pending().await,
                Does::Fail(error) => Err(error),
                Does::Say(script) => Ok(Box::new(script)),
                Does::Shrink => shrunk(stream).map(|stream| -> Wrapped { Box::new(stream) }),
                Does::ShrinkAndKeep => Ok(Box::new(Keeping::new(shrunk(stream)?))),
            }
        }
    };
}

#[cfg(feature = "tokio")]
pub(crate) mod tokio {
    use super::*;
    use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
    impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}
    pub(crate) type Wrapped = Box<dyn Stream>;

    wrap!(::tokio::net::TcpStream);

    fn shrunk(stream: ::tokio::net::TcpStream) -> io::Result<::tokio::net::TcpStream> {
        shrink(&stream)?;
        Ok(stream)
    }

    impl<S: AsyncRead + Unpin> AsyncRead for Keeping<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_read(cx, buf)
        }
    }

    impl<S: AsyncWrite + Unpin> AsyncWrite for Keeping<S> {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.kept.extend(buf);
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let Self { inner, kept } = &mut *self;
            while !kept.is_empty() {
                let n = ready!(Pin::new(&mut *inner).poll_write(cx, kept))?;
                kept.drain(..n);
            }
            Pin::new(inner).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_shutdown(cx)
        }
    }

    listening!(
        anysocks::tokio::Tokio,
        Wrapped,
        OnTokio::run,
        TokioStream::<_, OnTokio>::new,
        |listener, limit| Ok(Accept::of(
            OnTokio::run(listener.accept_within(limit))?,
            TokioStream::<_, OnTokio>::new
        ))
    );
}

#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) mod futures {
    use super::*;
    use futures_io::{AsyncRead, AsyncWrite};
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
    impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}
    pub(crate) type Wrapped = Box<dyn Stream>;
}

#[cfg(any(feature = "smol", feature = "async-std"))]
mod keeping {
    use super::Keeping;
    use futures_io::{AsyncRead, AsyncWrite};
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    impl<S: AsyncRead + Unpin> AsyncRead for Keeping<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.inner).poll_read(cx, buf)
        }
    }

    impl<S: AsyncWrite + Unpin> AsyncWrite for Keeping<S> {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.kept.extend(buf);
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let Self { inner, kept } = &mut *self;
            while !kept.is_empty() {
                let n = ready!(Pin::new(&mut *inner).poll_write(cx, kept))?;
                kept.drain(..n);
            }
            Pin::new(inner).poll_flush(cx)
        }

        fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_close(cx)
        }
    }
}

/// The same for one of the front ends with the traits of futures-io.
#[cfg(any(feature = "smol", feature = "async-std"))]
macro_rules! over_futures {
    ($front:ty, $stream:ty) => {
        use super::*;
        pub(crate) use futures::Wrapped;

        wrap!($stream);

        listening!(
            $front,
            Wrapped,
            OnAsyncIo::run,
            FuturesStream::<_, OnAsyncIo>::new,
            |listener, limit| Ok(Accept::of(
                OnAsyncIo::run(listener.accept_within(limit))?,
                FuturesStream::<_, OnAsyncIo>::new
            ))
        );
    };
}

#[cfg(feature = "smol")]
pub(crate) mod smol {
    over_futures!(anysocks::smol::Smol, ::smol::net::TcpStream);

    fn shrunk(stream: ::smol::net::TcpStream) -> io::Result<::smol::net::TcpStream> {
        shrink(&stream)?;
        Ok(stream)
    }
}

#[cfg(feature = "async-std")]
pub(crate) mod async_std {
    over_futures!(anysocks::async_std::AsyncStd, ::async_std::net::TcpStream);

    fn shrunk(stream: ::async_std::net::TcpStream) -> io::Result<::async_std::net::TcpStream> {
        let socket = std::net::TcpStream::try_from(stream)?;
        shrink(&socket)?;
        Ok(socket.into())
    }
}
