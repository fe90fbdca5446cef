//! A reset of a connection from which nothing is read any more.

use crate::stream::Stream;
use std::future::pending;
use std::io;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// A second handle of a connection, for its errors alone.
pub(crate) struct Resets(Option<TcpStream>);

impl Resets {
    pub(crate) fn of(stream: &Stream) -> Self {
        Self(stream.second_handle())
    }

    /// Waits for an error of the connection. Waits without end if there is none, or no second
    /// handle.
    pub(crate) async fn received(&self) -> io::Error {
        if let Some(stream) = &self.0 {
            if stream.ready(Interest::ERROR).await.is_ok() {
                // Without an error, the other direction has taken it, and fails.
                if let Ok(Some(error)) = stream.take_error() {
                    return named(error);
                }
            }
        }
        pending().await
    }
}

/// Linux reports a reset after the peer's end as a broken pipe.
fn named(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::ErrorKind::ConnectionReset.into(),
        _ => error,
    }
}
