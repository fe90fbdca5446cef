//! What else works on this target: proxies and lists as values, the datagram format, and
//! handshakes over a stream in memory.

use anysocks::futures::{Socks5Listener, Socks5Stream};
use anysocks::udp::Datagram;
use anysocks::{Auth, NoProxy, Proxy, Reply, Target};
use futures_io::{AsyncRead, AsyncWrite};
use std::error::Error;
use std::fmt::Debug;
use std::io::Result as IoResult;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

const CHOICE: &[u8] = &[5, 0];
const GRANT: &[u8] = &[5, 0, 0, 1, 192, 0, 2, 7, 48, 57];
const REFUSAL: &[u8] = &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0];

pub(crate) fn check() -> Result<(), Box<dyn Error>> {
    let target = Target::try_from("example.com:443")?;
    let proxy: Proxy = "socks5h://user:p%40ss@proxy.example?timeout=5".parse()?;
    same(&proxy.isolated("a token")?.endpoint().to_string(), "proxy.example:1080")?;
    same(&NoProxy::new("*.com").covers(&target), &true)?;
    same(Datagram::parse(&[0, 0, 0, 1, 192, 0, 2, 7, 0, 53, b'!'])?.payload, b"!")?;

    let proxy = Memory([CHOICE, GRANT, b"!"].concat());
    let stream = now(Socks5Stream::handshake(proxy, &Auth::none(), target.borrowed()))??;
    same(&stream.bound_addr().to_string(), "192.0.2.7:12345")?;
    same(&stream.into_inner()?.0, b"!")?;

    // The span of a BIND request begins here, and ends with its listener.
    let proxy = Memory([CHOICE, GRANT, REFUSAL].concat());
    let mut listener = now(Socks5Listener::handshake(proxy, &Auth::none(), target))??;
    let refused = now(listener.accept())?.err().and_then(|error| error.reply());
    same(&refused, &Some(Reply::CONNECTION_REFUSED)).map_err(Into::into)
}

fn same<E: Debug + ?Sized>(found: &(impl PartialEq<E> + Debug + ?Sized), expected: &E) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

/// Returns the output of work that never waits.
fn now<W: Future>(work: W) -> Result<W::Output, &'static str> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("a stream in memory is always ready"),
    }
}

/// The bytes that a proxy sends.
#[derive(Debug)]
struct Memory(Vec<u8>);

impl AsyncRead for Memory {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<IoResult<usize>> {
        let length = buf.len().min(self.0.len());
        for (to, from) in buf.iter_mut().zip(self.0.drain(..length)) {
            *to = from;
        }
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<IoResult<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(Ok(()))
    }
}
