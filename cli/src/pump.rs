//! The standard input and output as one end of a stream.

use crate::failure::{Failure, Status};
use crate::reset::Resets;
use crate::stdin;
use crate::stdout::Output;
use crate::stream::Stream;
use anysocks::tokio::AnyStream;
use std::io::{self, IsTerminal};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::select;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

const CHUNK: usize = 64 * 1024;

/// Copies the standard input to the stream, and the stream to the standard output. The end of each
/// direction is passed on, and the other one goes on until its own end.
///
/// A terminal does not end its input because the target has ended its direction, so that end is the
/// end of both directions there. Input that was read before is still sent.
pub(crate) async fn pump(stream: AnyStream<Stream>) -> Result<(), Failure> {
    let resets = Resets::of(stream.get_ref());
    let (from, to) = split(stream);
    let (has_ended, observed) = watch::channel(false);
    let mut upload = pin!(send(to, observed));
    let mut download = pin!(receive(from));
    select! {
        // The reason why the peer accepts no more may still arrive.
        uploaded = &mut upload => {
            let sent = uploaded?;
            download.await.and(sent.map_err(|error| failed("sending", &error)))
        }
        downloaded = &mut download => {
            downloaded?;
            if !Output::CAN_CLOSE || io::stdin().is_terminal() {
                has_ended.send_replace(true);
            }
            select! {
                biased;
                uploaded = upload => uploaded?.map_err(|error| failed("sending", &error)),
                error = resets.received() => Err(failed("receiving", &error)),
            }
        }
    }
}

/// Sends the standard input, up to its end. Also ends while it waits for input, once `has_ended` is
/// true.
///
/// Returns the error of the peer's direction, or fails if the standard input can't be read.
async fn send(
    mut to: impl AsyncWrite + Unpin,
    mut has_ended: watch::Receiver<bool>,
) -> Result<io::Result<()>, Failure> {
    let mut chunk = vec![0; CHUNK];
    // A read that has begun can take input, so none begins after the end.
    while !*has_ended.borrow() {
        let read = select! {
            biased;
            read = blocking(move || stdin::read(&mut chunk).map(|n| (n, chunk))) => read,
            _ = has_ended.wait_for(|has_ended| *has_ended) => break,
        };
        let (n, filled) = read.map_err(|error| failed("reading the standard input", &error))?;
        if n == 0 {
            break;
        }
        if let Err(error) = write(&mut to, &filled[..n]).await {
            return Ok(Err(error));
        }
        chunk = filled;
    }
    // The peer may have closed the connection.
    let _ = to.shutdown().await;
    Ok(Ok(()))
}

async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

async fn receive(mut from: impl AsyncRead + Unpin) -> Result<(), Failure> {
    let mut output = Output::new().map_err(Failure::output)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = from.read(&mut chunk).await.map_err(|error| failed("receiving", &error))?;
        if n == 0 {
            return output.close().map_err(Failure::output);
        }
        let written = blocking(move || output.write_all(&chunk[..n]).map(|()| (output, chunk)));
        (output, chunk) = written.await.map_err(Failure::output)?;
    }
}

/// Runs a call that may block on another thread, because the other direction must not wait for it.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(call).await.map_err(io::Error::other)?
}

fn failed(what: &str, error: &io::Error) -> Failure {
    Failure::new(Status::Io, format!("{what} failed: {error}"))
}
