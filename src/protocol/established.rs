//! The outcome of a request.

use crate::protocol::address::Address;
use crate::protocol::frames::Frames;

/// The outcome of a request that the proxy has granted.
///
/// After CONNECT, the stream is the tunnel. [`SocksStream::new`](crate::SocksStream::new) makes a
/// [`SocksStream`](crate::SocksStream) of both. Without [`frames`](Self::frames), the bytes on the
/// stream are those of the application; otherwise, all bytes pass through the frames.
#[derive(Debug)]
#[non_exhaustive]
pub struct Established {
    /// BND.ADDR and BND.PORT of the reply.
    ///
    /// - CONNECT: the proxy's address towards the target.
    /// - BIND: the address at which the proxy listens, and in the second reply the peer's.
    /// - UDP ASSOCIATE: the address of the relay.
    /// - Tor's RESOLVE and `RESOLVE_PTR`: the answer.
    pub bound: Address,
    /// The encapsulation, if the METHOD has negotiated one.
    pub frames: Option<Box<Frames>>,
    pub(crate) version: ProtocolVersion,
}

/// The SOCKS version of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolVersion {
    V4,
    V5,
}
