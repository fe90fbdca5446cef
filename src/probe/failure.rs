//! Why an answer is not yes.

use super::not_tried::NotTried;
use crate::error::{Error, ErrorKind};
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::{fmt, io};

/// Why an answer is not [`Verdict::Yes`](super::Verdict::Yes).
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The question was not asked.
    NotTried(NotTried),
    /// The proxy could not be reached, or its answer is not a grant.
    ///
    /// The verdict is [`NotTried`](super::Verdict::NotTried) if the error is at
    /// [`Stage::Preparation`](crate::Stage::Preparation), or a socket could not be prepared.
    Socks(Error),
    /// The wrapper of [`Probe::wrapped`](super::Probe::wrapped) failed.
    Wrapper(io::Error),
    /// CONNECT was granted, but no data came back. Some proxies connect to the target later.
    DeadEnd(io::Error),
    /// The request was granted with a BND.ADDR that a client can't use.
    Bound(Address, Defect),
    /// UDP ASSOCIATE was granted, but no datagram came back.
    #[non_exhaustive]
    Datagrams {
        /// The address to which the datagrams were sent.
        relay: SocketAddr,
        /// The proxy's address.
        proxy: IpAddr,
        /// The last error of the socket; a timeout for silence.
        error: io::Error,
        /// Whether a second association has declared the address and port that the datagrams
        /// came from ([`Options::source`](crate::udp::Options::source)).
        declared_source: bool,
        /// Whether datagrams have come back that a client drops: malformed ones, or fragments of
        /// which others are missing.
        dropped: bool,
    },
    /// This machine could not prepare the socket for datagrams. The verdict is
    /// [`NotTried`](super::Verdict::NotTried).
    Local(io::Error),
}

/// What is wrong with the BND.ADDR of a grant.
#[derive(Debug)]
#[non_exhaustive]
pub enum Defect {
    /// Its port is 0.
    PortZero,
    /// The relay is a name, which this machine does not resolve
    /// ([`Resolve::ByProxy`](crate::Resolve::ByProxy)).
    RelayName,
    /// The relay is not at a unicast address.
    NotUnicast,
    /// It is the address with which SOCKS4a marks a name: the proxy took that for the target.
    MarkOfSocks4a,
    /// No connection to it was accepted.
    NoConnection(io::Error),
}

impl Failure {
    /// The error of SOCKS, if that is the reason.
    pub(super) fn socks(&self) -> Option<&Error> {
        match self {
            Self::Socks(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the request was understood, and refused with a code.
    pub(super) fn is_refusal(&self) -> bool {
        match self.socks().and_then(Error::reply) {
            Some(Reply::COMMAND_NOT_SUPPORTED | Reply::ADDRESS_TYPE_NOT_SUPPORTED) | None => false,
            Some(_) => true,
        }
    }

    /// Whether the reason is on this machine. The proxy has no part in it.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Local(_) => true,
            Self::Socks(error) => error.is_of_this_machine(),
            _ => false,
        }
    }

    /// Whether the answer is in another protocol, or in another version of SOCKS.
    pub(super) fn is_another_protocol(&self) -> bool {
        matches!(self.socks().map(Error::kind), Some(ErrorKind::NotSocks { .. }))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Socks(error)
    }
}

impl From<NotTried> for Failure {
    fn from(reason: NotTried) -> Self {
        Self::NotTried(reason)
    }
}

/// The failure without its cause, which is the [source](StdError::source).
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTried(reason) => reason.fmt(f),
            Self::Socks(error) => error.fmt(f),
            Self::Wrapper(_) => f.write_str("TLS handshake failed"),
            Self::DeadEnd(_) => f.write_str("granted, but the tunnel does not work"),
            Self::Bound(bound, defect) => write!(f, "granted with BND {bound}: {defect}"),
            Self::Datagrams { relay, .. } => write!(f, "no datagram from the relay {relay}"),
            Self::Local(_) => f.write_str("a local socket failed"),
        }
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Socks(error) => error.source(),
            Self::Wrapper(error)
            | Self::DeadEnd(error)
            | Self::Datagrams { error, .. }
            | Self::Bound(_, Defect::NoConnection(error))
            | Self::Local(error) => Some(error),
            Self::NotTried(_) | Self::Bound(..) => None,
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PortZero => "nothing can be at port 0",
            Self::RelayName => "this machine resolves no name of a relay",
            Self::NotUnicast => "this is not a unicast address",
            Self::MarkOfSocks4a => "the proxy takes the mark of a name for an address",
            Self::NoConnection(_) => "connecting to it failed",
        })
    }
}
