//! STATUS of a Result.

use std::fmt;

/// Why the proxy refused the authentication: STATUS of its Result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The credentials are refused (`01`).
    Refused,
    /// The credentials have expired, or the client's clock is wrong (`02`).
    Expired,
    /// There were too many attempts (`03`).
    RateLimited,
    /// An unassigned status.
    Other(u8),
}

impl Status {
    /// Returns the reason. 0 means that the client is verified.
    pub(super) const fn of(status: u8) -> Option<Self> {
        match status {
            0 => None,
            1 => Some(Self::Refused),
            2 => Some(Self::Expired),
            3 => Some(Self::RateLimited),
            other => Some(Self::Other(other)),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("wrong credentials"),
            Self::Expired => f.write_str("the credentials have expired, or a clock is wrong"),
            Self::RateLimited => f.write_str("too many attempts"),
            Self::Other(status) => write!(f, "unassigned status X'{status:02X}'"),
        }
    }
}
