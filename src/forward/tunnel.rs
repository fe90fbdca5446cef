//! The tunnel between a client and its target: forwards bytes, ends and resets both ways.

use super::outbound::{Destination, Outbound};
use crate::tokio::AnyStream;
use socket2::SockRef;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio::{select, try_join};

/// The most bytes that are moved at a time. With 16 KiB, a byte takes a quarter more CPU time.
const CHUNK: usize = 64 * 1024;

/// A client and its target.
///
/// At the end, a side that has not been sent all data of the other side is reset, so that partial
/// data do not look complete. A side that has been sent all is closed, because data may still be
/// in transit to it.
pub(super) struct Tunnel<W: Outbound> {
    client: TcpStream,
    target: AnyStream<W::Stream>,
    client_complete: bool,
    target_complete: bool,
}

impl<W: Outbound> Tunnel<W> {
    pub(super) fn new(client: TcpStream, target: AnyStream<W::Stream>) -> Self {
        Self { client, target, client_complete: false, target_complete: false }
    }

    /// Forwards bytes both ways until both sides have ended, or none can be forwarded any more.
    /// `half_closed` is the idle timeout once one side has ended.
    pub(super) async fn run(mut self, half_closed: Duration) -> io::Result<()> {
        let (from_client, to_client) = self.client.split();
        let (from_target, to_target) = W::halves(&mut self.target);
        let flow = Flow { phase: watch::Sender::new(Phase::Open), half_closed_timeout: half_closed };
        try_join!(
            forward(from_client, to_target, &flow, &mut self.target_complete),
            forward(from_target, to_client, &flow, &mut self.client_complete)
        )
        .map(drop)
    }
}

impl<W: Outbound> Drop for Tunnel<W> {
    fn drop(&mut self) {
        let client = (!self.client_complete).then_some(&self.client);
        let target = W::socket(self.target.get_ref()).filter(|_| !self.target_complete);
        for socket in client.into_iter().chain(target) {
            // Closing then sends a reset. A Unix-domain socket has no resets, and is only closed.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// The state of a tunnel that its directions share.
struct Flow {
    phase: watch::Sender<Phase>,
    /// The timeout of a read or write while the tunnel is half-closed.
    half_closed_timeout: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// One side has ended.
    Ended,
    /// A write to one side has failed.
    Broken,
}

impl Flow {
    async fn half_closed(&self) {
        let _ = self.phase.subscribe().wait_for(|phase| *phase != Phase::Open).await;
    }

    /// Returns the result of a read or write, or an error after the timeout.
    async fn with_timeout<T>(&self, io: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let timeout = async {
            self.half_closed().await;
            sleep(self.half_closed_timeout).await;
        };
        select! {
            biased;
            done = io => done,
            () = timeout => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Waits for the reset of a side that has ended. No other call would notice it, because
    /// nothing is read from that side any more.
    async fn reset(&self, ended: Option<&TcpStream>) -> io::Error {
        self.half_closed().await;
        let Some(ended) = ended else { return pending().await };
        match ended.ready(Interest::ERROR).await {
            Ok(_) => io::ErrorKind::ConnectionReset.into(),
            Err(error) => error,
        }
    }
}

/// Forwards the data of one side, and its end.
async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl Destination,
    flow: &Flow,
    complete: &mut bool,
) -> io::Result<()> {
    let mut chunk = Vec::new();
    loop {
        let n = select! {
            biased;
            read = flow.with_timeout(read(&mut from, &mut chunk)) => read?,
            error = flow.reset(to.socket()) => return Err(error),
        };
        if n == 0 {
            break;
        }
        if write(&mut to, &chunk, flow).await.is_err() {
            // The side that accepts no more bytes may have sent the reason. Its data are still
            // forwarded.
            flow.phase.send_replace(Phase::Broken);
            return Ok(());
        }
    }
    if *flow.phase.borrow() == Phase::Broken {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    flow.with_timeout(to.shutdown()).await?;
    *complete = true;
    flow.phase.send_modify(|phase| *phase = Phase::Ended.max(*phase));
    Ok(())
}

/// Reads up to a chunk. The buffer is freed while the read is pending, because most connections
/// are idle most of the time.
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
        let written = flow.with_timeout(to.write(bytes)).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
    }
    flow.with_timeout(to.flush()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};
    use tokio::io::duplex;

    #[tokio::test]
    async fn a_pending_read_has_no_buffer() {
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
