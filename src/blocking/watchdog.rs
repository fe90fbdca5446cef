//! A deadline over blocking calls that the caller's code makes on a socket.

use crate::runtime::Deadline;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Shuts a socket down at the deadline, unless it is stopped before.
///
/// The socket's own timeouts apply to each call. A proxy that sends a byte now and then would
/// never exceed them.
#[derive(Debug)]
pub(crate) struct Watchdog {
    running: Option<(Sender<()>, JoinHandle<bool>)>,
}

impl Watchdog {
    pub(crate) fn start(socket: &TcpStream, deadline: Deadline) -> io::Result<Self> {
        let Some(deadline) = deadline else { return Ok(Self { running: None }) };
        let socket = socket.try_clone()?;
        let (stop, stopped) = channel::<()>();
        let watch = move || {
            let left = deadline.saturating_duration_since(Instant::now());
            let late = stopped.recv_timeout(left) == Err(RecvTimeoutError::Timeout);
            if late {
                // It may be closed already.
                let _ = socket.shutdown(Shutdown::Both);
            }
            late
        };
        let thread = thread::Builder::new().name("anysocks deadline".into()).spawn(watch)?;
        Ok(Self { running: Some((stop, thread)) })
    }

    /// Stops the watchdog. Returns whether it has shut the socket down.
    pub(super) fn has_fired(self) -> bool {
        let Some((stop, thread)) = self.running else { return false };
        drop(stop);
        thread.join().unwrap_or(true)
    }
}
