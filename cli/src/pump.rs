//! The standard input and output as one end of a stream.

use crate::failure::{Failure, Status};
use crate::stdout::Output;
use std::io::{self, Read};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::select;
use tokio::task::spawn_blocking;

const CHUNK: usize = 64 * 1024;

/// Sends the standard input, and writes what is received to the standard output. The end of each
/// direction is passed on, and the other one goes on until its own end.
pub(crate) async fn pump(stream: impl AsyncRead + AsyncWrite) -> Result<(), Failure> {
    let (from, to) = split(stream);
    let mut upload = pin!(async { send(to).await.map_err(|error| failed("sending", &error)) });
    let mut download = pin!(async { receive(from).await.map_err(|error| failed("receiving", &error)) });
    select! {
        // The reason why the peer accepts no more may still arrive.
        uploaded = &mut upload => download.await.and(uploaded),
        downloaded = &mut download => {
            downloaded?;
            if Output::CAN_CLOSE { upload.await } else { Ok(()) }
        }
    }
}

async fn send(mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let (n, filled) = blocking(move || io::stdin().read(&mut chunk).map(|n| (n, chunk))).await?;
        if n == 0 {
            // The peer may have closed the connection.
            let _ = to.shutdown().await;
            return Ok(());
        }
        to.write_all(&filled[..n]).await?;
        to.flush().await?;
        chunk = filled;
    }
}

async fn receive(mut from: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut output = Output::new()?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = from.read(&mut chunk).await?;
        if n == 0 {
            return output.close();
        }
        let written = blocking(move || output.write_all(&chunk[..n]).map(|()| (output, chunk)));
        (output, chunk) = written.await?;
    }
}

/// Runs a call that may block on another thread, because the other direction must not wait for it.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(call).await.map_err(io::Error::other)?
}

fn failed(what: &str, error: &io::Error) -> Failure {
    Failure::new(Status::Io, format!("{what} failed: {error}"))
}
