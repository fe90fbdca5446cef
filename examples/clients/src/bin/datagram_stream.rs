//! The datagrams of an association as a `Stream` and a `Sink` of the futures crate, for code that
//! combines them with other streams. Copy the two functions.
//!
//! `cargo run --bin datagram_stream [-- proxy-url echo-server:port]`

use anysocks::tokio::Socks5UdpSocket;
use anysocks::{Address, Target};
use futures_util::{Sink, SinkExt, Stream, StreamExt, sink, stream};
use std::io;
use std::pin::pin;

/// Returns the received datagrams, each with its source. The stream ends with the association,
/// after its error.
fn incoming(socket: Socks5UdpSocket) -> impl Stream<Item = io::Result<(Vec<u8>, Address)>> {
    stream::unfold(Some(socket), |socket| async move {
        let socket = socket?;
        let mut buf = vec![0; 65_535];
        match socket.recv_from(&mut buf).await {
            Ok((len, source)) => {
                buf.truncate(len);
                Some((Ok((buf, source)), Some(socket)))
            }
            // The relay refused an earlier datagram: the socket can still be used.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Some((Err(error), Some(socket)))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// Returns a sink of datagrams, each with its target. After an error, it takes no other one.
fn outgoing(socket: Socks5UdpSocket) -> impl Sink<(Vec<u8>, Target<'static>), Error = io::Error> {
    sink::unfold(socket, |socket, (payload, target): (Vec<u8>, Target<'static>)| async move {
        match socket.send_to(&payload, target).await {
            Err(error) if error.kind() != io::ErrorKind::ConnectionRefused => Err(error),
            // A refusal is that of an earlier datagram.
            _ => Ok(socket),
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, echo) = local::proxy_and_addr(local::echo)?;

    // Both halves are handles of one socket.
    let socket = Socks5UdpSocket::associate(proxy).await?;
    let mut outgoing = pin!(outgoing(socket.clone()));
    let mut incoming = pin!(incoming(socket));
    outgoing.send((local::GREETING.into(), echo.try_into()?)).await?;
    let (payload, source) = incoming.next().await.ok_or("no datagram")??;
    local::check(&String::from_utf8_lossy(&payload))?;
    local::check_is(source, echo)?;
    Ok(())
}
