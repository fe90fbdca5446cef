//! A deadline over calls that block on a socket in somebody else's hands.

use crate::runtime::Deadline;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Shuts a socket down at the deadline, unless it was switched off before. A socket's own time limits are for each of its calls, and a proxy that
/// sends a byte now and then would never be late.
#[derive(Debug)]
pub(super) struct Alarm {
    armed: Option<(Sender<()>, JoinHandle<bool>)>,
}

impl Alarm {
    pub(super) fn set(socket: &TcpStream, deadline: Deadline) -> io::Result<Self> {
        let Some(deadline) = deadline else { return Ok(Self { armed: None }) };
        let socket = socket.try_clone()?;
        let (off, is_off) = channel::<()>();
        let rings = move || {
            let left = deadline.saturating_duration_since(Instant::now());
            let late = is_off.recv_timeout(left) == Err(RecvTimeoutError::Timeout);
            if late {
                // It may be closed already.
                let _ = socket.shutdown(Shutdown::Both);
            }
            late
        };
        let thread = thread::Builder::new().name("anysocks deadline".into()).spawn(rings)?;
        Ok(Self { armed: Some((off, thread)) })
    }

    /// Switches it off, and says whether that was too late.
    pub(super) fn has_rung(self) -> bool {
        let Some((off, thread)) = self.armed else { return false };
        drop(off);
        thread.join().unwrap_or(true)
    }
}
