//! The stream to a target, as far as a tunnel uses it.

use crate::protocol::any_version::AnyVersion;
use crate::reactor::Hook;
use crate::route::wrap::{Plain, Wrap, Wrapped};
use crate::stream::SocksStream;
use crate::tokio::{AnyStream, ReadHalf, Tokio};
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::net::TcpStream;
use tokio::net::tcp;

/// A wrapper whose streams a forwarder can use: none, or that of
/// [`Connector::wrapped`](crate::Connector::wrapped).
#[allow(unreachable_pub, reason = "the bound of a public type")]
pub trait Outbound: Wrap<Tokio, Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin> {
    /// Returns the socket, if it is known.
    fn socket(stream: &Self::Stream) -> Option<&TcpStream>;

    /// Splits a stream into its directions.
    fn halves(
        stream: &mut AnyStream<Self::Stream>,
    ) -> (impl AsyncRead + Send + Unpin, impl Destination + Send);
}

/// A direction that is written to.
#[allow(unreachable_pub, reason = "the bound of a public type")]
pub trait Destination: AsyncWrite + Unpin {
    /// Returns the socket, if it is known.
    fn socket(&self) -> Option<&TcpStream>;
}

impl Destination for tcp::WriteHalf<'_> {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self.as_ref())
    }
}

impl Destination for AnyStream<tcp::WriteHalf<'_>> {
    fn socket(&self) -> Option<&TcpStream> {
        self.get_ref().socket()
    }
}

impl<S: AsyncWrite> Destination for tokio::io::WriteHalf<S> {
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl Outbound for Plain {
    fn socket(stream: &TcpStream) -> Option<&TcpStream> {
        Some(stream)
    }

    /// Both have access to the socket.
    fn halves(stream: &mut AnyStream) -> (impl AsyncRead + Send + Unpin, impl Destination + Send) {
        let SocksStream { inner, bound, shared, marker } = stream;
        let (read, write) = inner.split();
        let read = SocksStream::<_, AnyVersion, Tokio> {
            inner: ReadHalf(read),
            bound: bound.clone(),
            shared: shared.clone(),
            marker: *marker,
        };
        let write =
            SocksStream { inner: write, bound: bound.clone(), shared: shared.clone(), marker: *marker };
        (read, write)
    }
}

impl<S> Outbound for Wrapped<Hook<TcpStream, S>>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
{
    fn socket(_: &S) -> Option<&TcpStream> {
        None
    }

    fn halves(stream: &mut AnyStream<S>) -> (impl AsyncRead + Send + Unpin, impl Destination + Send) {
        split(stream)
    }
}
