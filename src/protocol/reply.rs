//! The codes of replies.

use std::{fmt, io};

/// The code of a proxy's reply, with its SOCKS version.
///
/// [`ErrorKind::Refused`](crate::ErrorKind::Refused) contains one, and
/// [`Error::reply`](crate::Error::reply) returns it. A code that no specification assigns is kept
/// as sent.
///
/// Each version has its own numbers: SOCKS5 has `00` to `08` (RFC 1928 §6), to which Tor adds `F0`
/// to `F7`; SOCKS4 has 90 to 93.
///
/// `Display` writes the meaning of the code, and other meanings that proxies in use give it:
///
/// ```
/// use anysocks::Reply;
///
/// assert_eq!(Reply::V5(5), Reply::CONNECTION_REFUSED);
/// assert_eq!(Reply::V5(6).to_string(), "TTL expired, or no answer in time (X'06')");
/// assert_eq!(Reply::V5(0x42).to_string(), "unassigned reply (X'42')");
/// assert_eq!(Reply::V4(5).to_string(), "unassigned reply (X'05')");
/// ```
#[doc(alias = "ReplyError")]
#[doc(alias = "UnsuccessfulReply")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reply {
    /// CD of a SOCKS4 reply.
    V4(u8),
    /// REP of a SOCKS5 reply.
    V5(u8),
}

/// RFC 1928 §6.
impl Reply {
    /// The request was granted.
    ///
    /// Some proxies grant before they connect to the target, and close the connection if that
    /// fails.
    pub const SUCCEEDED: Self = Self::V5(0x00);
    /// General SOCKS server failure.
    ///
    /// Some proxies reply this if they can't resolve a name, and Tor for most failures.
    pub const GENERAL_FAILURE: Self = Self::V5(0x01);
    /// Connection not allowed by ruleset.
    pub const NOT_ALLOWED: Self = Self::V5(0x02);
    /// Network unreachable.
    ///
    /// A few proxies reply this if they can't resolve a name.
    pub const NETWORK_UNREACHABLE: Self = Self::V5(0x03);
    /// Host unreachable.
    ///
    /// Many proxies reply this if they can't resolve a name.
    pub const HOST_UNREACHABLE: Self = Self::V5(0x04);
    /// Connection refused by the target.
    ///
    /// A few proxies reply this if they can't resolve a name.
    pub const CONNECTION_REFUSED: Self = Self::V5(0x05);
    /// TTL expired.
    ///
    /// Many proxies reply this if the target does not answer in time.
    pub const TTL_EXPIRED: Self = Self::V5(0x06);
    /// Command not supported.
    pub const COMMAND_NOT_SUPPORTED: Self = Self::V5(0x07);
    /// Address type not supported.
    ///
    /// Dante replies this for port 0.
    pub const ADDRESS_TYPE_NOT_SUPPORTED: Self = Self::V5(0x08);
}

/// SOCKS4, whose specification writes the codes as decimals.
impl Reply {
    /// SOCKS4: the request was granted.
    pub const GRANTED: Self = Self::V4(90);
    /// SOCKS4: the request was rejected or failed.
    ///
    /// A proxy without SOCKS4a replies this for every name.
    pub const REJECTED: Self = Self::V4(91);
    /// SOCKS4: the proxy can't reach the identd of the client.
    pub const NO_IDENTD: Self = Self::V4(92);
    /// SOCKS4: the client's identd reports another user id.
    pub const OTHER_USER_ID: Self = Self::V4(93);
}

/// Tor's extended errors, which the option `ExtendedErrors` of its port enables.
impl Reply {
    /// Tor: the onion service's descriptor can't be found.
    pub const ONION_NOT_FOUND: Self = Self::V5(0xF0);
    /// Tor: the onion service's descriptor is invalid.
    pub const ONION_INVALID: Self = Self::V5(0xF1);
    /// Tor: the introduction to the onion service failed.
    pub const ONION_INTRODUCTION_FAILED: Self = Self::V5(0xF2);
    /// Tor: the rendezvous with the onion service failed.
    pub const ONION_RENDEZVOUS_FAILED: Self = Self::V5(0xF3);
    /// Tor: the onion service requires client authorization, and there is none.
    pub const ONION_AUTH_MISSING: Self = Self::V5(0xF4);
    /// Tor: the onion service does not accept the client authorization.
    pub const ONION_AUTH_WRONG: Self = Self::V5(0xF5);
    /// Tor: the onion address is malformed.
    pub const ONION_BAD_ADDRESS: Self = Self::V5(0xF6);
    /// Tor: the introduction to the onion service timed out.
    pub const ONION_TIMED_OUT: Self = Self::V5(0xF7);
}

/// SOCKS5a (`draft-lancaster-socks-5a-00`), only after a METHOD of it. Then the error is
/// [`ErrorKind::RefusedExtended`](crate::ErrorKind::RefusedExtended). `Display` of such a code,
/// and [`is_retryable`](Reply::is_retryable), do not know the METHOD: the code is unassigned for
/// them.
impl Reply {
    /// SOCKS5a: the authentication has expired.
    pub const AUTHENTICATION_EXPIRED: Self = Self::V5(0x09);
    /// SOCKS5a: there were too many requests or connections.
    pub const RATE_LIMITED: Self = Self::V5(0x0A);
    /// SOCKS5a: a message was malformed or out of order.
    pub const PROTOCOL_VIOLATION: Self = Self::V5(0x0B);
    /// SOCKS5a: the proxy has a temporary failure.
    pub const TEMPORARY_FAILURE: Self = Self::V5(0x0C);
    /// SOCKS5a: the client's configuration is invalid.
    pub const CLIENT_MISCONFIGURED: Self = Self::V5(0x0D);
    /// SOCKS5a: the configuration of the network has a problem.
    pub const NETWORK_MISCONFIGURED: Self = Self::V5(0x0E);
    /// SOCKS5a: permission denied.
    pub const PERMISSION_DENIED: Self = Self::V5(0x0F);
    /// SOCKS5a: the proxy's resources are exhausted.
    pub const RESOURCES_EXHAUSTED: Self = Self::V5(0x10);
}

impl Reply {
    /// Returns the number of the code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::V4(code) | Self::V5(code) => code,
        }
    }

    /// Returns whether the same request may succeed a little later.
    ///
    /// This is so for failures of reachability and load, but not of permission or missing support.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::GENERAL_FAILURE
                | Self::NETWORK_UNREACHABLE
                | Self::HOST_UNREACHABLE
                | Self::CONNECTION_REFUSED
                | Self::TTL_EXPIRED
                | Self::REJECTED
                | Self::NO_IDENTD
                | Self::ONION_NOT_FOUND
                | Self::ONION_INTRODUCTION_FAILED
                | Self::ONION_RENDEZVOUS_FAILED
                | Self::ONION_TIMED_OUT
        )
    }

    /// Returns the meaning of the code, and other meanings that proxies in use give it.
    const fn meaning(self) -> &'static str {
        match self {
            Self::SUCCEEDED => "succeeded",
            Self::GENERAL_FAILURE => "general SOCKS server failure, or a name that can't be resolved",
            Self::NOT_ALLOWED => "connection not allowed by ruleset",
            Self::NETWORK_UNREACHABLE => "network unreachable, or a name that can't be resolved",
            Self::HOST_UNREACHABLE => "host unreachable, or a name that can't be resolved",
            Self::CONNECTION_REFUSED => "connection refused, or a name that can't be resolved",
            Self::TTL_EXPIRED => "TTL expired, or no answer in time",
            Self::COMMAND_NOT_SUPPORTED => "command not supported",
            Self::ADDRESS_TYPE_NOT_SUPPORTED => "address type not supported, or port 0",
            Self::GRANTED => "request granted",
            Self::REJECTED => "request rejected or failed, or names are not supported",
            Self::NO_IDENTD => "the proxy can't connect to the client's identd",
            Self::OTHER_USER_ID => "the client's identd reports another user id",
            Self::ONION_NOT_FOUND => "onion service descriptor can't be found",
            Self::ONION_INVALID => "onion service descriptor is invalid",
            Self::ONION_INTRODUCTION_FAILED => "onion service introduction failed",
            Self::ONION_RENDEZVOUS_FAILED => "onion service rendezvous failed",
            Self::ONION_AUTH_MISSING => "onion service wants client authorization",
            Self::ONION_AUTH_WRONG => "onion service does not accept the client authorization",
            Self::ONION_BAD_ADDRESS => "onion service address is malformed",
            Self::ONION_TIMED_OUT => "onion service introduction timed out",
            Self::V5(0x09) => "unassigned reply, sent where a port to listen on is in use",
            _ => "unassigned reply",
        }
    }

    /// Returns the nearest kind of I/O error.
    pub(crate) const fn io_kind(self) -> io::ErrorKind {
        match self {
            Self::NOT_ALLOWED
            | Self::NO_IDENTD
            | Self::OTHER_USER_ID
            | Self::ONION_AUTH_MISSING
            | Self::ONION_AUTH_WRONG => io::ErrorKind::PermissionDenied,
            Self::NETWORK_UNREACHABLE => io::ErrorKind::NetworkUnreachable,
            Self::HOST_UNREACHABLE | Self::ONION_NOT_FOUND => io::ErrorKind::HostUnreachable,
            Self::CONNECTION_REFUSED => io::ErrorKind::ConnectionRefused,
            Self::TTL_EXPIRED | Self::ONION_TIMED_OUT => io::ErrorKind::TimedOut,
            Self::COMMAND_NOT_SUPPORTED | Self::ADDRESS_TYPE_NOT_SUPPORTED => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (X'{:02X}')", self.meaning(), self.code())
    }
}
