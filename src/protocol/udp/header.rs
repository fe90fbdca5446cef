//! The headers of datagrams.

use crate::error::Error;
use crate::protocol::target::{Host, Target};
use crate::protocol::wire;
use arrayvec::ArrayVec;
use std::fmt;
use std::net::IpAddr;

/// The length of the longest header in bytes, which is that of a name of 255 bytes.
///
/// A datagram through a chain has several headers:
/// [`SocksUdpSocket::headroom`](crate::udp::SocksUdpSocket::headroom) is their length.
pub const HEADROOM: usize = 262;

/// Returns the length in bytes of a datagram's header for this target.
///
/// It is 10 for an IPv4 address, 22 for an IPv6 address, and 7 + n for a name of n bytes. A URL
/// counts as its host.
#[must_use]
pub fn overhead(target: &Target<'_>) -> usize {
    match target.host().on_network() {
        Some(Host::Ip(IpAddr::V4(_))) => 10,
        Some(Host::Ip(IpAddr::V6(_))) => 22,
        Some(Host::Domain(name)) => 7 + name.as_str().len(),
        _ => HEADROOM,
    }
}

/// The header of a datagram: RSV, FRAG, ATYP, DST.ADDR and DST.PORT (RFC 1928 §7).
///
/// The payload follows it.
///
/// ```
/// use anysocks::Target;
/// use anysocks::udp::Header;
///
/// let target = Target::try_from("192.0.2.7:53")?;
/// assert_eq!(Header::new(&target)?.as_bytes(), [0, 0, 0, 1, 192, 0, 2, 7, 0, 53]);
/// # Ok::<(), anysocks::Error>(())
/// ```
#[doc(alias = "new_udp_header")]
#[derive(Clone, PartialEq, Eq)]
pub struct Header(ArrayVec<u8, HEADROOM>);

impl Header {
    /// Creates the header of a standalone datagram.
    ///
    /// # Errors
    ///
    /// - [`Invalid::TargetOfDatagram`](crate::Invalid::TargetOfDatagram): the target is one of
    ///   SOCKS5a, without a fallback.
    pub fn new(target: &Target<'_>) -> Result<Self, Error> {
        let target = target.borrowed().of_datagram()?;
        let mut bytes = ArrayVec::new();
        put(&target, |part| {
            let fits = bytes.try_extend_from_slice(part);
            debug_assert!(fits.is_ok(), "no room for a header");
        });
        Ok(Self(bytes))
    }

    /// Sets FRAG.
    ///
    /// 0 means a standalone datagram. A fragment has its position from 1 to 127, plus X'80'
    /// if it is the last one.
    #[must_use]
    pub fn fragment(mut self, fragment: u8) -> Self {
        self.0[2] = fragment;
        self
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Appends the header of a standalone datagram with `put`.
pub(crate) fn put(target: &Target<'_>, mut put: impl FnMut(&[u8])) {
    put(&[0, 0, 0]);
    wire::put_address(target, put);
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({:02x?})", self.as_bytes())
    }
}
