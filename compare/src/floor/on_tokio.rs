//! On the streams of tokio. A message is built anew at each poll, so that the future does not
//! contain it.

use super::{
    Message, NO_AUTH, NO_AUTH_OR_PASSWORD, expect, password, refused, reply_length, request, socks4a_request,
};
use std::future::poll_fn;
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

pub(crate) async fn socks5<S: Stream>(mut stream: S) -> Result<S> {
    write(&mut stream, || Message::of(&[NO_AUTH])).await?;
    expect(answer(&mut stream).await?, [5, 0])?;
    connect(&mut stream).await?;
    Ok(stream)
}

pub(crate) async fn socks5_with_password<S: Stream>(mut stream: S) -> Result<S> {
    write(&mut stream, || Message::of(&[NO_AUTH_OR_PASSWORD])).await?;
    expect(answer(&mut stream).await?, [5, 2])?;
    write(&mut stream, password).await?;
    expect(answer(&mut stream).await?, [1, 0])?;
    connect(&mut stream).await?;
    Ok(stream)
}

pub(crate) async fn socks4a<S: Stream>(mut stream: S) -> Result<S> {
    write(&mut stream, socks4a_request).await?;
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).await?;
    if reply[..2] == [0, 90] { Ok(stream) } else { Err(refused()) }
}

async fn connect<S: Stream>(stream: &mut S) -> Result<()> {
    write(stream, request).await?;
    let mut start = [0; 10];
    stream.read_exact(&mut start).await?;
    // For an IPv4 address there is no rest.
    let mut rest = reply_length(&start)? - start.len();
    while rest > 0 {
        rest -= poll_fn(|cx| {
            let mut room = [0; 255];
            poll_read(Pin::new(stream), cx, &mut room[..rest])
        })
        .await?;
    }
    Ok(())
}

/// Messages are short: a part of one is never accepted by a new connection.
async fn write<S: Stream>(stream: &mut S, message: fn() -> Message) -> Result<()> {
    let written = poll_fn(|cx| {
        let message = message();
        let written = ready!(Pin::new(&mut *stream).poll_write(cx, message.bytes()))?;
        Poll::Ready(Ok::<_, Error>(written == message.len))
    });
    if written.await? { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

/// Reads two bytes. After a read that leaves room for a third, tokio waits until the socket is
/// readable before it reads again. That saves a system call.
async fn answer<S: Stream>(stream: &mut S) -> Result<[u8; 2]> {
    let (mut answer, mut len) = ([0; 3], 0);
    while len < 2 {
        len += poll_fn(|cx| poll_read(Pin::new(&mut *stream), cx, &mut answer[len..])).await?;
    }
    if len == 2 { Ok([answer[0], answer[1]]) } else { Err(refused()) }
}

fn poll_read<S: Stream>(stream: Pin<&mut S>, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<Result<usize>> {
    let mut buf = ReadBuf::new(room);
    ready!(stream.poll_read(cx, &mut buf))?;
    match buf.filled().len() {
        0 => Poll::Ready(Err(ErrorKind::UnexpectedEof.into())),
        n => Poll::Ready(Ok(n)),
    }
}
