//! The protection of the bytes after the negotiation (RFC 1961 §4).

use super::error::Error;
use super::mechanism::Flags;
use crate::protocol::command::Command;

/// The protection of all bytes after the negotiation (RFC 1961 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The bytes are authenticated, and can be read on the path (`01`).
    Integrity,
    /// The bytes are authenticated and encrypted (`02`).
    #[default]
    Confidentiality,
}

impl Level {
    pub(super) const fn is_confidential(self) -> bool {
        matches!(self, Self::Confidentiality)
    }
}

/// The requirements of one connection on its context.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// `None` for authentication only.
    pub(super) level: Option<Level>,
    pub(super) command: Command,
}

impl Terms {
    /// Returns the octet of the level.
    pub(super) const fn code(self) -> u8 {
        match self.level {
            None => 0,
            Some(Level::Integrity) => 1,
            Some(Level::Confidentiality) => 2,
        }
    }

    /// Returns whether frames must arrive in order. The datagrams of an association share their
    /// sequence numbers with the frames of its TCP connection.
    pub(super) const fn is_in_order(self) -> bool {
        !self.command.is_association()
    }

    /// Returns the flags to request (RFC 1961 §3.2), without delegation.
    pub(super) fn wanted(self) -> Flags {
        Flags {
            mutual: true,
            replay: true,
            sequence: self.is_in_order(),
            confidentiality: self.level.is_some_and(Level::is_confidential),
            integrity: true,
            delegation: false,
        }
    }

    /// Fails if a flag on which the protection depends was not granted.
    pub(super) fn check(self, granted: Flags) -> Result<(), Error> {
        let wanted = self.wanted();
        let protected = self.level.is_some();
        let missing = Flags {
            mutual: !granted.mutual,
            integrity: !granted.integrity,
            confidentiality: wanted.confidentiality && !granted.confidentiality,
            replay: protected && !granted.replay,
            sequence: protected && wanted.sequence && !granted.sequence,
            delegation: false,
        };
        if missing == Flags::default() { Ok(()) } else { Err(Error::FlagsMissing(missing)) }
    }
}
