//! Many datagrams at once: fewer system calls, and on Linux fewer walks through the network stack.
//!
//! The values stand in `outgoing`, `incoming` and `inbox`, and do no I/O. What the system has to offer stands in `linux` or in `portable`.

mod inbox;
mod incoming;
#[cfg(target_os = "linux")]
mod linux;
mod outgoing;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
#[cfg(test)]
mod tests;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use portable as system;

pub(crate) use inbox::Inbox;
pub use incoming::RecvBatch;
pub use outgoing::SendBatch;
pub(crate) use system::{Segmentation, coalesce};

use socket2::Socket;
use std::io;

/// The most that UDP carries over IPv4: 65,535 less 20 bytes of IP header and 8 of its own.
const LONGEST: u16 = 65_507;

/// Sends as much as goes without waiting over a connected, non-blocking socket, and says how many datagrams left. They are in the batch
/// no more.
///
/// # Errors
///
/// As for a single datagram, and only if none has left. An error behind the first is not told; one that lasts comes again.
pub(crate) fn send(socket: &Socket, batch: &mut SendBatch, segmentation: &Segmentation) -> io::Result<usize> {
    send_by(batch, |batch| system::send_some(socket, batch, segmentation))
}

fn send_by(
    batch: &mut SendBatch,
    mut send_some: impl FnMut(&SendBatch) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut count = 0;
    while !batch.is_empty() {
        match send_some(batch) {
            Ok(0) => break,
            Ok(n) => {
                batch.sent(n);
                count += n;
            }
            Err(error) if count == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(count)
}

/// Fills the batch with the raw datagrams that are there, from a connected, non-blocking socket, and says how many they are. What was in
/// the batch before is gone, after an error too.
///
/// # Errors
///
/// As for a single datagram, and only if none has come.
pub(crate) fn receive(socket: &Socket, batch: &mut RecvBatch) -> io::Result<usize> {
    let (room, mut received) = batch.begin();
    system::receive(socket, room, &mut received)?;
    Ok(batch.len())
}
