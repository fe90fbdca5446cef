//! The header of a datagram, rendered.

use crate::protocol::target::{Host, Target};
use crate::protocol::wire;
use arrayvec::ArrayVec;
use std::fmt;
use std::net::IpAddr;

/// The most that a header takes, in bytes: that of a name of 255.
pub const HEADROOM: usize = 262;

/// How many bytes the header of a datagram for this target takes: 10 for an IPv4 address, 22 for an IPv6 one, 7 and its length for a name.
#[must_use]
pub fn overhead(target: &Target<'_>) -> usize {
    match target.host() {
        Host::Ip(IpAddr::V4(_)) => 10,
        Host::Ip(IpAddr::V6(_)) => 22,
        Host::Domain(name) => 7 + name.as_str().len(),
    }
}

/// The header of a datagram: RSV, FRAG, ATYP, DST.ADDR and DST.PORT, to be followed by the data (RFC 1928 §7).
///
/// ```
/// use anysocks::Target;
/// use anysocks::udp::Header;
///
/// let target = Target::try_from("192.0.2.7:53")?;
/// assert_eq!(Header::new(&target).as_bytes(), [0, 0, 0, 1, 192, 0, 2, 7, 0, 53]);
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Header(ArrayVec<u8, HEADROOM>);

impl Header {
    /// The header of a datagram that is no fragment.
    #[must_use]
    pub fn new(target: &Target<'_>) -> Self {
        let mut bytes = ArrayVec::new();
        put(target, |part| {
            let fits = bytes.try_extend_from_slice(part);
            debug_assert!(fits.is_ok(), "no room for a header");
        });
        Self(bytes)
    }

    /// The same with this FRAG: 0 for a standalone datagram, else the position from 1 to 127, with X'80' added for the last.
    #[must_use]
    pub fn fragment(mut self, fragment: u8) -> Self {
        self.0[2] = fragment;
        self
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Appends the header of a standalone datagram, by way of `put`.
pub(crate) fn put(target: &Target<'_>, mut put: impl FnMut(&[u8])) {
    put(&[0, 0, 0]);
    wire::put_address(target, put);
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({:02x?})", self.as_bytes())
    }
}
