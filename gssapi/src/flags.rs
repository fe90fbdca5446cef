//! What a context is asked for, and what it grants.

use std::fmt::{self, Debug, Formatter};
use std::ops::BitOr;

/// A set of services of a context (RFC 2743 §1.2).
///
/// The default is all of them but delegation.
///
/// ```
/// use anysocks_gssapi::Flags;
///
/// let for_datagrams = Flags::MUTUAL | Flags::REPLAY | Flags::CONFIDENTIALITY | Flags::INTEGRITY;
/// assert!(Flags::default().contains(for_datagrams | Flags::SEQUENCE));
/// assert!(!Flags::default().contains(Flags::DELEGATION));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(u32);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The peer receives credentials with which it can act as the user, everywhere. Only for a
    /// peer that may do so.
    pub const DELEGATION: Self = Self(1);
    /// The peer authenticates too.
    pub const MUTUAL: Self = Self(2);
    /// Repeated messages are recognized.
    pub const REPLAY: Self = Self(4);
    /// Lost and reordered messages are recognized.
    pub const SEQUENCE: Self = Self(8);
    /// Messages can be encrypted.
    pub const CONFIDENTIALITY: Self = Self(16);
    /// Messages can be authenticated.
    pub const INTEGRITY: Self = Self(32);

    const NAMES: [(Self, &str); 6] = [
        (Self::DELEGATION, "DELEGATION"),
        (Self::MUTUAL, "MUTUAL"),
        (Self::REPLAY, "REPLAY"),
        (Self::SEQUENCE, "SEQUENCE"),
        (Self::CONFIDENTIALITY, "CONFIDENTIALITY"),
        (Self::INTEGRITY, "INTEGRITY"),
    ];

    /// Returns whether all flags of `other` are in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The flags that the library has granted, without those that this type does not name.
    pub(crate) fn granted(bits: u32) -> Self {
        let all = Self::NAMES.iter().fold(Self::NONE, |all, (flag, _)| all | *flag);
        Self(bits & all.0)
    }
}

impl Default for Flags {
    fn default() -> Self {
        Self::MUTUAL | Self::REPLAY | Self::SEQUENCE | Self::CONFIDENTIALITY | Self::INTEGRITY
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Debug for Flags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| *name);
        write!(f, "Flags({})", names.collect::<Vec<_>>().join(" | "))
    }
}
