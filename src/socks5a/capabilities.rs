//! Capabilities, a bitmap of METADATA.

use std::fmt;
use std::ops::BitOr;

/// What a side of EAF supports: the types 02 and 03 of METADATA.
///
/// ```
/// use anysocks::socks5a::{Capabilities, Session};
///
/// fn accepts_tokens(session: &Session) -> bool {
///     session.server_capabilities().is_some_and(|all| all.contains(Capabilities::TOKEN))
/// }
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u32);

impl Capabilities {
    /// Public key authentication.
    pub const PUBLIC_KEY: Self = Self(1);
    /// Challenge-response.
    pub const CHALLENGE_RESPONSE: Self = Self(1 << 1);
    /// Time-based one-time passwords.
    pub const TOTP: Self = Self(1 << 2);
    /// Several factors.
    pub const MULTI_FACTOR: Self = Self(1 << 3);
    /// Tokens.
    pub const TOKEN: Self = Self(1 << 4);
    /// Key exchange.
    pub const KEY_EXCHANGE: Self = Self(1 << 5);
    /// Traffic obfuscation, METHOD X'81'.
    pub const TOL: Self = Self(1 << 8);
    /// Chains of METHODs, METHOD X'82'.
    pub const SEQUENCE: Self = Self(1 << 9);

    /// Returns the bitmap, with unassigned bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether all of these are among them.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns these if the condition holds, and nothing otherwise.
    pub(super) const fn filter(self, condition: bool) -> Self {
        if condition { self } else { Self(0) }
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capabilities({:#010x})", self.0)
    }
}
