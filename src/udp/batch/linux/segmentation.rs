//! Whether the system cuts datagrams out of a larger buffer.

use nix::libc::{SOL_UDP, UDP_SEGMENT};
use nix::sys::socket::{getsockopt, sockopt};
use rustix::io::Errno;
use socket2::Socket;
use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

/// The longest datagram that the system cuts out of a larger buffer for a socket: 0 where it does so for none.
///
/// It learns: a route may have too small an MTU, and a device may lack what is needed.
#[derive(Debug)]
pub(crate) struct Segmentation(AtomicU16);

impl Segmentation {
    /// Asks the system. One that does not know `UDP_SEGMENT` would not refuse it, but send the buffer as one datagram.
    pub(crate) fn of(socket: &Socket) -> Self {
        let known = getsockopt(socket, sockopt::UdpGsoSegment).is_ok();
        Self::up_to(if known { u16::MAX } else { 0 })
    }

    /// One that lets datagrams up to this length be cut.
    pub(in crate::udp::batch) const fn up_to(len: u16) -> Self {
        Self(AtomicU16::new(len))
    }

    /// Whether datagrams of this length can be cut.
    pub(super) fn takes(&self, len: u16) -> bool {
        len <= self.0.load(Ordering::Relaxed)
    }

    /// Whether the system's refusal is about the cutting of datagrams of this length, so that they may well go uncut. It is kept in mind.
    pub(super) fn learn(&self, len: u16, error: &io::Error) -> bool {
        match Errno::from_io_error(error) {
            // They are longer than the route's MTU. Shorter ones may go.
            Some(Errno::INVAL | Errno::MSGSIZE) => self.0.fetch_min(len.saturating_sub(1), Ordering::Relaxed),
            // The device computes no checksums, or a driver or a sandbox has never heard of it.
            Some(Errno::IO | Errno::OPNOTSUPP | Errno::NOPROTOOPT | Errno::NOSYS) => {
                self.0.swap(0, Ordering::Relaxed)
            }
            _ => return false,
        };
        true
    }
}

/// The control message that says where to cut.
pub(super) struct CutEvery([u8; SPACE]);

/// A `cmsghdr`: its length as the system's `size_t`, the level and the type.
const HEADER: usize = size_of::<usize>() + 2 * size_of::<i32>();
const LEN: usize = HEADER + size_of::<u16>();
const SPACE: usize = LEN.next_multiple_of(size_of::<usize>());

impl CutEvery {
    pub(super) fn new(len: u16) -> Self {
        let mut message = [0; SPACE];
        let fields: [&[u8]; 4] =
            [&LEN.to_ne_bytes(), &SOL_UDP.to_ne_bytes(), &UDP_SEGMENT.to_ne_bytes(), &len.to_ne_bytes()];
        let mut at = 0;
        for field in fields {
            message[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        }
        Self(message)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
