//! A sequence of METHODs, METHOD X'82'.

use super::chaining::Chaining;
use super::codes::{SEQUENCE, TOL};
use super::error::Error;
use super::member::Member;
use super::order::{Need, Plan};
use crate::protocol::socks5::Auth;
use std::sync::Arc;

/// A sequence of METHODs, all on one connection: METHOD X'82' (authentication method chaining).
///
/// The proxy asks for the METHODs one by one. The client runs them in its own order, and refuses
/// any other one, unless it has allowed [any order](Self::in_any_order): otherwise, an attacker on
/// the path could ask for the password before records have begun.
///
/// Unlike alternatives ([`Auth::or`]), a sequence can't be reduced to its weakest METHOD: the
/// client refuses a connection on which a required one has not run.
///
/// ```
/// use anysocks::socks5a::{Eaf, Factor, Obfuscation, Psk, Sequence, Tol};
/// use anysocks::{Credentials, Proxy};
///
/// # fn example(psk: [u8; 32], seed: [u8; 32]) -> Result<Proxy, anysocks::Error> {
/// let eaf = Eaf::new(Psk::new(psk)?, Factor::public_key(seed)).key_exchange(true);
/// let sequence = Sequence::new()
///     .then(eaf)?
///     .then(Tol::new(Obfuscation::Padding))? // with the key of EAF
///     .optionally(Credentials::new("user", "secret")?)?;
/// let proxy = Proxy::socks5("proxy.example:1080")?.auth(sequence.auth()?)?;
/// # Ok(proxy) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sequence(Plan);

impl Sequence {
    /// Creates a sequence without METHODs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a METHOD that must run.
    ///
    /// # Errors
    ///
    /// - [`Error::MemberTwice`]: the METHOD is in the sequence already.
    pub fn then(self, method: impl Into<Member>) -> Result<Self, crate::Error> {
        self.with(method.into(), Need::Required)
    }

    /// Appends a METHOD that the proxy may leave out.
    ///
    /// Someone on the path can make the client leave it out too.
    ///
    /// # Errors
    ///
    /// - [`Error::MemberTwice`]: the METHOD is in the sequence already.
    pub fn optionally(self, method: impl Into<Member>) -> Result<Self, crate::Error> {
        self.with(method.into(), Need::Optional)
    }

    fn with(mut self, member: Member, need: Need) -> Result<Self, crate::Error> {
        if self.0.has(member.code()) {
            return Err(Error::MemberTwice(member.code()).local());
        }
        self.0.members.push((member, need));
        Ok(self)
    }

    /// Allows the proxy to ask for the METHODs in any order.
    ///
    /// Someone on the path can then choose the order: a password may be sent before records begin.
    /// A [`Tol`](super::Tol) without a pre-shared key still runs only after [`Eaf`](super::Eaf):
    /// a connection fails with [`Error::OutOfOrder`] otherwise.
    #[must_use]
    pub fn in_any_order(mut self) -> Self {
        self.0.in_any_order = true;
        self
    }

    /// Offers the sequence alone (`82`).
    ///
    /// # Errors
    ///
    /// - [`Error::SequenceEmpty`]: it has no METHOD.
    /// - [`Error::KeyMissing`]: [`Tol`](super::Tol) has no pre-shared key, and no
    ///   [`Eaf`](super::Eaf) comes before it.
    pub fn auth(self) -> Result<Auth, crate::Error> {
        self.0.check().map_err(Error::local)?;
        let plan = Arc::new(self.0);
        Ok(Auth::selected_method(SEQUENCE, true, move |purpose| {
            Ok(Box::new(Chaining::start(plan.begin(), purpose.offered.contains(&TOL))))
        }))
    }
}
