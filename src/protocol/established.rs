//! What a handshake leads to.

use crate::protocol::address::Address;
use crate::protocol::frames::Frames;

/// The outcome of a handshake: the tunnel is open.
///
/// Make a stream of it with [`SocksStream::new`](crate::SocksStream::new), or drive the tunnel yourself: without
/// [`frames`](Self::frames) its bytes are the application's as they are.
#[derive(Debug)]
#[non_exhaustive]
pub struct Established {
    /// BND.ADDR and BND.PORT: the address that the proxy uses towards the target, if it tells.
    pub bound: Address,
    /// The pump that all bytes have to go through, if the METHOD negotiated an encapsulation.
    pub frames: Option<Box<Frames>>,
    pub(crate) version: ProtocolVersion,
}

/// The version of SOCKS that was spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolVersion {
    V4,
    V5,
}
