//! `UDP_SEGMENT`: the system splits a buffer into datagrams.

use nix::libc::{SOL_UDP, UDP_SEGMENT};
use nix::sys::socket::{getsockopt, sockopt};
use rustix::io::Errno;
use socket2::Socket;
use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

/// The longest datagram for which a socket supports segmentation: 0 without any support.
///
/// Refusals lower it: a route's MTU may be too small, and a device may not support segmentation.
#[derive(Debug)]
pub(crate) struct Segmentation(AtomicU16);

impl Segmentation {
    /// Queries the system: one without `UDP_SEGMENT` would send the buffer as one datagram,
    /// without an error.
    pub(crate) fn of(socket: &Socket) -> Self {
        let supported = getsockopt(socket, sockopt::UdpGsoSegment).is_ok();
        Self::up_to(if supported { u16::MAX } else { 0 })
    }

    /// Allows segments up to this length.
    pub(in crate::udp::batch) const fn up_to(len: u16) -> Self {
        Self(AtomicU16::new(len))
    }

    /// Returns whether segments of this length are allowed.
    pub(super) fn allows(&self, len: u16) -> bool {
        len <= self.0.load(Ordering::Relaxed)
    }

    /// Records a refusal of segments of this length. Returns whether the error is such a refusal,
    /// so that the datagrams can be sent individually.
    pub(super) fn record_refusal(&self, len: u16, error: &io::Error) -> bool {
        match Errno::from_io_error(error) {
            // The segments are longer than the route's MTU. Shorter ones may be accepted.
            Some(Errno::INVAL | Errno::MSGSIZE) => self.0.fetch_min(len.saturating_sub(1), Ordering::Relaxed),
            // The device computes no checksums, or a driver or sandbox does not support the
            // option.
            Some(Errno::IO | Errno::OPNOTSUPP | Errno::NOPROTOOPT | Errno::NOSYS) => {
                self.0.swap(0, Ordering::Relaxed)
            }
            _ => return false,
        };
        true
    }
}

/// The control message with the segment length.
pub(super) struct SegmentLen([u8; SPACE]);

/// A `cmsghdr`: its length as the system's `size_t`, the level and the type.
const HEADER: usize = size_of::<usize>() + 2 * size_of::<i32>();
const LEN: usize = HEADER + size_of::<u16>();
const SPACE: usize = LEN.next_multiple_of(size_of::<usize>());

impl SegmentLen {
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
