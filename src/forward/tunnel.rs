//! A tunnel from a client to its target: bytes both ways, ends and resets too.

use crate::stream::SocksStream;
use crate::tokio::AnyStream;
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio::{select, try_join};

/// The most that is moved at a time. With 16 KiB, a byte takes a quarter more CPU.
const CHUNK: usize = 64 * 1024;

/// A client and its target. A side that has not been sent all of what the other side sent is
/// reset: an end would make a part look whole. A side that has been is closed, since much of it
/// may still be on its way there.
pub(super) struct Tunnel {
    client: TcpStream,
    target: AnyStream,
    client_has_all: bool,
    target_has_all: bool,
}

impl Tunnel {
    pub(super) fn new(client: TcpStream, target: AnyStream) -> Self {
        Self { client, target, client_has_all: false, target_has_all: false }
    }

    /// Passes bytes both ways until both sides have ended, or nothing can be passed any more.
    /// Half-closed, it may pass none for this long.
    pub(super) async fn run(mut self, half_closed: Duration) -> io::Result<()> {
        let (from_client, to_client) = self.client.split();
        let (from_target, to_target) = halves(&mut self.target);
        let flow = Flow { course: watch::Sender::new(Course::Open), limit: half_closed };
        try_join!(
            pass(from_client, to_target, &flow, &mut self.target_has_all),
            pass(from_target, to_client, &flow, &mut self.client_has_all)
        )
        .map(drop)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let ends = [(&self.client, self.client_has_all), (self.target.get_ref(), self.target_has_all)];
        for (socket, _) in ends.into_iter().filter(|(_, has_all)| !has_all) {
            // With no time to linger, closing resets. A Unix-domain socket knows no resets: it ends.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Both directions of a stream, whose socket stays at hand.
fn halves(stream: &mut AnyStream) -> (AnyStream<ReadHalf<'_>>, AnyStream<WriteHalf<'_>>) {
    let SocksStream { inner, bound, frames, marker } = stream;
    let (read, write) = inner.split();
    (
        SocksStream { inner: read, bound: bound.clone(), frames: frames.clone(), marker: *marker },
        SocksStream { inner: write, bound: bound.clone(), frames: frames.clone(), marker: *marker },
    )
}

trait Destination: AsyncWrite + Unpin {
    fn socket(&self) -> &TcpStream;
}

impl Destination for WriteHalf<'_> {
    fn socket(&self) -> &TcpStream {
        self.as_ref()
    }
}

impl Destination for AnyStream<WriteHalf<'_>> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().as_ref()
    }
}

/// How far a tunnel is, as both directions see it.
struct Flow {
    course: watch::Sender<Course>,
    /// How long a call may take in a half-closed tunnel.
    limit: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Course {
    Open,
    /// One side has ended.
    Ended,
    /// One side takes no more bytes.
    Broken,
}

impl Flow {
    async fn half_closed(&self) {
        let _ = self.course.subscribe().wait_for(|course| *course != Course::Open).await;
    }

    /// The result of a read or write, or an error if it takes too long.
    async fn in_time<T>(&self, io: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let late = async {
            self.half_closed().await;
            sleep(self.limit).await;
        };
        select! {
            biased;
            done = io => done,
            () = late => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Waits until the side that has ended is gone. Nothing is read from it any more, so its reset
    /// shows nowhere else.
    async fn closed(&self, ended: &TcpStream) -> io::Error {
        self.half_closed().await;
        match ended.ready(Interest::ERROR).await {
            Ok(_) => io::ErrorKind::ConnectionReset.into(),
            Err(error) => error,
        }
    }
}

/// Passes on what one side sends, and its end.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl Destination,
    flow: &Flow,
    has_all: &mut bool,
) -> io::Result<()> {
    let mut chunk = Vec::new();
    loop {
        let n = select! {
            biased;
            read = flow.in_time(read(&mut from, &mut chunk)) => read?,
            error = flow.closed(to.socket()) => return Err(error),
        };
        if n == 0 {
            break;
        }
        if write(&mut to, &chunk, flow).await.is_err() {
            // A side that takes no more bytes may have sent the reason: what came from it still
            // goes to the other side.
            flow.course.send_replace(Course::Broken);
            return Ok(());
        }
    }
    if *flow.course.borrow() == Course::Broken {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    flow.in_time(to.shutdown()).await?;
    *has_all = true;
    flow.course.send_modify(|course| *course = Course::Ended.max(*course));
    Ok(())
}

/// Reads up to a chunk. While there is nothing to read, there is no buffer either: most
/// connections wait most of the time.
async fn read(from: &mut (impl AsyncRead + Unpin), chunk: &mut Vec<u8>) -> io::Result<usize> {
    chunk.clear();
    poll_fn(|cx| {
        chunk.reserve_exact(CHUNK);
        let read = pin!(from.read_buf(chunk)).poll(cx);
        if read.is_pending() {
            *chunk = Vec::new();
        }
        read
    })
    .await
}

async fn write(to: &mut impl Destination, mut bytes: &[u8], flow: &Flow) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = flow.in_time(to.write(bytes)).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
    }
    flow.in_time(to.flush()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};
    use tokio::io::duplex;

    #[tokio::test]
    async fn only_bytes_that_have_come_take_a_buffer() {
        let (mut near, mut far) = duplex(2 * CHUNK);
        let mut chunk = Vec::new();
        let mut poll = |chunk: &mut Vec<u8>| {
            pin!(read(&mut near, chunk)).poll(&mut Context::from_waker(Waker::noop())).map(Result::unwrap)
        };
        for len in [1, CHUNK, 2 * CHUNK] {
            assert_eq!((poll(&mut chunk), chunk.capacity()), (Poll::Pending, 0));
            far.write_all(&vec![7; len]).await.unwrap();
            let first = len.min(CHUNK);
            assert_eq!((poll(&mut chunk), chunk.capacity()), (Poll::Ready(first), CHUNK));
            assert_eq!(chunk, vec![7; first]);
            if len > first {
                assert_eq!((poll(&mut chunk), chunk.capacity()), (Poll::Ready(len - first), CHUNK));
            }
        }
        drop(far);
        assert_eq!(poll(&mut chunk), Poll::Ready(0));
    }
}
