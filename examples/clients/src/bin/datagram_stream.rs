//! The datagrams of an association as a `Stream` and a `Sink` of the futures crate, for code that
//! combines them with other streams. Copy `incoming`, `Outgoing` and `has_ended`.
//!
//! `cargo run --bin datagram_stream [-- proxy-url echo-server:port]`

use anysocks::tokio::Socks5UdpSocket;
use anysocks::{Address, ErrorKind, Target};
use futures_util::{Sink, SinkExt, Stream, StreamExt, stream};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

/// Returns the received datagrams, each with its source.
///
/// The stream ends with the association, after its error. Any other error concerns one datagram,
/// and the stream continues: `ConnectionRefused` means that the relay refused an earlier one.
fn incoming(socket: Socks5UdpSocket) -> impl Stream<Item = io::Result<(Vec<u8>, Address)>> {
    let buf = vec![0; 65_535];
    let received = stream::unfold(Some((socket, buf)), |state| async {
        let (socket, mut buf) = state?;
        match socket.recv_from(&mut buf).await {
            // A copy, so that an item takes no more memory than its datagram.
            Ok((len, source)) => Some((Ok((buf[..len].to_vec(), source)), Some((socket, buf)))),
            Err(error) if has_ended(&error) => Some((Err(error), None)),
            Err(error) => Some((Err(error), Some((socket, buf)))),
        }
    });
    // Without it, a call after the end panics.
    received.fuse()
}

/// A sink of datagrams, each with its target.
///
/// An error of the sink concerns one datagram, and the next one can be sent. After the end of the
/// association, each call returns its error. A datagram is lost without an error if the relay
/// refused an earlier one.
struct Outgoing {
    socket: Socks5UdpSocket,
    sending: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
}

impl Outgoing {
    fn new(socket: Socks5UdpSocket) -> Self {
        Self { socket, sending: None }
    }
}

impl Sink<(Vec<u8>, Target<'static>)> for Outgoing {
    type Error = io::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, (payload, target): (Vec<u8>, Target<'static>)) -> io::Result<()> {
        let socket = self.socket.clone();
        self.sending = Some(Box::pin(async move {
            match socket.send_to(&payload, target).await {
                Err(error) if error.kind() != io::ErrorKind::ConnectionRefused => Err(error),
                _ => Ok(()),
            }
        }));
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(sending) = &mut self.sending else { return Poll::Ready(Ok(())) };
        let sent = ready!(sending.as_mut().poll(cx));
        self.sending = None;
        Poll::Ready(sent)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// Returns whether this is the error of an association that has ended.
fn has_ended(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<anysocks::Error>());
    inner.is_some_and(|error| matches!(error.kind(), ErrorKind::AssociationEnded(_)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, echo) = local::proxy_and_addr(local::echo)?;
    let target = Target::try_from(echo)?;

    // Both halves are handles of one socket.
    let socket = Socks5UdpSocket::associate(proxy).await?;
    let mut outgoing = Outgoing::new(socket.clone());
    let mut incoming = pin!(incoming(socket));
    // An error concerns one datagram: this one is too long.
    if outgoing.send((vec![0; 70_000], target.clone())).await.is_ok() {
        return Err("a datagram of 70,000 bytes was sent".into());
    }
    outgoing.send((local::GREETING.into(), target)).await?;
    let (payload, source) = incoming.next().await.ok_or("no datagram")??;
    local::check(&String::from_utf8_lossy(&payload))?;
    local::check_is(source, echo)?;
    if payload.capacity() > 2 * payload.len() {
        return Err("a datagram takes more memory than it needs".into());
    }

    check_end().await
}

/// Checks that both halves return the end of an association, and do not panic after it.
async fn check_end() -> Result<(), Box<dyn std::error::Error>> {
    let socket = Socks5UdpSocket::associate(local::short_associations()?).await?;
    let mut outgoing = Outgoing::new(socket.clone());
    let mut incoming = pin!(incoming(socket));
    match incoming.next().await {
        Some(Err(error)) if has_ended(&error) => println!("{error}"),
        _ => return Err("the association has not ended".into()),
    }
    for _ in 0..2 {
        if incoming.next().await.is_some() {
            return Err("the stream has not ended with the association".into());
        }
        match outgoing.send((Vec::new(), "192.0.2.7:7".try_into()?)).await {
            Err(error) if has_ended(&error) => {}
            _ => return Err("the sink has not returned the end".into()),
        }
    }
    Ok(())
}
