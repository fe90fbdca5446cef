//! Batches: many datagrams with few system calls.
//!
//! `outgoing`, `incoming` and `inbox` hold datagrams and do no I/O. `linux` and `portable` have
//! the system calls.

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

use crate::error::Error;
use crate::error::invalid::Invalid;
use socket2::Socket;
use std::io;

/// The longest payload of a UDP datagram over IPv4: 65,535 less an IP header of 20 bytes and a UDP
/// header of 8.
const LONGEST: u16 = 65_507;

/// What surrounds each datagram of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The headers in front of it.
    pub(crate) headers: &'a [u8],
    /// The longest datagram that all legs of a chain carry. For a single proxy, the system knows.
    pub(crate) most: Option<usize>,
}

/// Sends datagrams over a connected, non-blocking socket until it would block, each behind these
/// headers.
///
/// Returns the number of datagrams sent, and removes them from the batch.
///
/// # Errors
///
/// - Those of a single datagram, if none was sent. A later error is not returned; if it persists,
///   the next call returns it.
pub(crate) fn send(
    socket: &Socket,
    Surroundings { headers, most }: Surroundings<'_>,
    batch: &mut SendBatch,
    segmentation: &Segmentation,
) -> io::Result<usize> {
    send_with(batch, |batch| {
        let lengths = batch.lengths();
        let fits = |len: &&u16| most.is_none_or(|most| usize::from(**len) <= most);
        let count = most.map_or(lengths.len(), |_| lengths.iter().take_while(fits).count());
        match lengths.first() {
            Some(len) if count == 0 => Err(Error::from(Invalid::DatagramTooLong((*len).into())).into()),
            _ => system::send_some(socket, headers, (batch.bytes(), &lengths[..count]), segmentation),
        }
    })
}

fn send_with(
    batch: &mut SendBatch,
    mut send_some: impl FnMut(&SendBatch) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut count = 0;
    while !batch.is_empty() {
        match send_some(batch) {
            Ok(0) => break,
            Ok(n) => {
                batch.mark_sent(n);
                count += n;
            }
            Err(error) if count == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(count)
}

/// Fills the batch with raw datagrams from a connected, non-blocking socket.
///
/// Returns their number. The previous content of the batch is discarded, after an error too.
///
/// # Errors
///
/// - Those of a single datagram, if none was received.
pub(crate) fn receive(socket: &Socket, batch: &mut RecvBatch) -> io::Result<usize> {
    let (buffer, mut received) = batch.start_receive();
    system::receive(socket, buffer, &mut received)?;
    Ok(batch.len())
}
