//! The requests of SOCKS5.

use super::messages::Messages;
use super::{Auth, Phase, Reader, Socks5};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::established::Established;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::progress::Progress;
use crate::protocol::target::{Host, Target};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

/// For requests without a greeting.
static NO_METHODS: LazyLock<Auth> = LazyLock::new(Auth::none);

impl<'a> Socks5<'a> {
    /// Creates a CONNECT request.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NotPipelinable`](crate::Invalid::NotPipelinable): `auth` is
    ///   [pipelined](Auth::pipelined), and does not offer exactly one METHOD that supports it.
    /// - [`Invalid::MethodNotPrepared`](crate::Invalid::MethodNotPrepared): `auth` needs a call of
    ///   [`Auth::prepare`] first.
    #[inline]
    pub fn connect(auth: &'a Auth, target: Target<'a>) -> Result<Self, Error> {
        auth.check_prepared()?;
        Self::new(auth, Command::Connect, target)
    }

    /// Creates a BIND request, for a connection from the expected peer.
    ///
    /// The outcome is the first reply, with the address at which the proxy listens.
    /// [`SecondReply`](crate::protocol::SecondReply) follows.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    pub fn bind(auth: &'a Auth, expected_peer: Target<'a>) -> Result<Self, Error> {
        auth.check_prepared()?;
        Self::new(auth, Command::Bind, expected_peer)
    }

    /// Creates a UDP ASSOCIATE request, for a relay of datagrams that are sent from `source`.
    ///
    /// If the source is not known, it is the unspecified address with port 0, of the family in
    /// which the client reaches the relay. The outcome's
    /// [`bound`](crate::protocol::Established::bound) is the relay's address. [`udp`](crate::udp)
    /// has the format of the datagrams. The association ends with the connection.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    pub fn associate(auth: &'a Auth, source: Target<'a>) -> Result<Self, Error> {
        auth.check_prepared()?;
        Self::new(auth, Command::UdpAssociate, source)
    }

    /// Creates a request for an address of a name: Tor's RESOLVE (`F0`).
    ///
    /// The outcome's [`bound`](crate::protocol::Established::bound) is the answer. No tunnel
    /// follows.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    #[doc(alias = "tor")]
    #[doc(alias = "tor_resolve")]
    #[doc(alias = "dns")]
    pub fn resolve(auth: &'a Auth, name: Host<'a>) -> Result<Self, Error> {
        auth.check_prepared()?;
        Self::new(auth, Command::Resolve, (name, 0).into())
    }

    /// Creates a request for the name of an IP address: Tor's `RESOLVE_PTR` (`F1`).
    ///
    /// The outcome's [`bound`](crate::protocol::Established::bound) is the answer. No tunnel
    /// follows.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    #[doc(alias = "tor")]
    #[doc(alias = "tor_resolve_ptr")]
    #[doc(alias = "dns")]
    pub fn resolve_ptr(auth: &'a Auth, ip: IpAddr) -> Result<Self, Error> {
        auth.check_prepared()?;
        Self::new(auth, Command::ResolvePtr, (ip, 0).into())
    }

    /// Creates a handshake that ends with the METHOD, and requests nothing.
    ///
    /// Requests follow with [`after`](Self::after), so the METHOD must allow
    /// [several](crate::protocol::Negotiated::several_requests). The outcome's
    /// [`bound`](crate::protocol::Established::bound) is unspecified. The METHOD's
    /// [`Purpose`](crate::protocol::Purpose) has the command CONNECT.
    ///
    /// ```
    /// use anysocks::protocol::{Command, Established, Socks5};
    /// use anysocks::{Address, Auth, Error, PoolId};
    ///
    /// /// Makes two requests of SOCKS5a, with the driver of any stream.
    /// fn pool(
    ///     auth: &Auth,
    ///     mut drive: impl FnMut(&mut Socks5<'_>) -> Result<Established, Error>,
    /// ) -> Result<Option<PoolId>, Error> {
    ///     let negotiated = drive(&mut Socks5::negotiate(auth)?)?;
    ///     let target = || "db.example:5432".try_into();
    ///     // KEEP_ALIVE sends no target.
    ///     let kept = drive(&mut Socks5::after(negotiated, Command::KeepAlive, target()?)?)?;
    ///     let pooled = drive(&mut Socks5::after(kept, Command::PoolNew, target()?)?)?;
    ///     match &pooled.bound {
    ///         Address::Name(id, _) => PoolId::new(id.as_bytes()).map(Some),
    ///         _ => Ok(None),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect), and
    ///   [`Invalid::NotPipelinable`](crate::Invalid::NotPipelinable) for any
    ///   [pipelined](Auth::pipelined) `auth`: there is no request to send with the greeting.
    pub fn negotiate(auth: &'a Auth) -> Result<Self, Error> {
        auth.check_prepared()?;
        Self::new_negotiation(auth, Command::Connect)
    }

    /// Makes the same, with METHODs that were prepared or will be. They have to carry a request
    /// with the command `next`.
    pub(crate) fn new_negotiation(auth: &'a Auth, next: Command) -> Result<Self, Error> {
        if auth.is_pipelined() {
            return Err(Invalid::NotPipelinable.into());
        }
        let mut handshake = Self::new(auth, next, (Ipv4Addr::UNSPECIFIED, 0).into())?;
        handshake.messages.requests_nothing = true;
        Ok(handshake)
    }

    /// Creates another request on the connection of an earlier one, without a greeting and a
    /// METHOD.
    ///
    /// The outcome contains the encapsulation and the session of `earlier`. The bytes of an earlier
    /// tunnel must all have been read.
    ///
    /// ```
    /// use anysocks::protocol::{Command, Established, Socks5};
    /// use anysocks::{Auth, Error, Target};
    ///
    /// /// Resolves two names on one connection, with the driver of any stream.
    /// fn resolve(
    ///     auth: &Auth,
    ///     mut drive: impl FnMut(&mut Socks5<'_>) -> Result<Established, Error>,
    /// ) -> Result<(), Error> {
    ///     let first = drive(&mut Socks5::resolve(auth, "a.example".try_into()?)?)?;
    ///     println!("{}", first.bound);
    ///     let target = Target::try_from("b.example:0")?;
    ///     let second = drive(&mut Socks5::after(first, Command::Resolve, target)?)?;
    ///     println!("{}", second.bound);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The connection can't be used again.
    ///
    /// - [`Invalid::OneRequest`]: no METHOD has negotiated
    ///   [several requests](crate::protocol::Negotiated::several_requests).
    /// - [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation): the request can't be
    ///   sealed, or the proxy has sent bytes that belong to no reply.
    pub fn after(earlier: Established, command: Command, target: Target<'a>) -> Result<Self, Error> {
        let several = earlier.negotiated.filter(|negotiated| negotiated.several_requests);
        let negotiated = several.ok_or(Invalid::OneRequest)?;
        let mut next = Self::further(negotiated.dialect, command, target)?;
        next.reply = Reader::to(command, Some(negotiated));
        next.seal_request()?;
        Ok(next)
    }

    /// Creates a request without a greeting and a METHOD, whose reply is read in this dialect.
    pub(crate) fn further(
        dialect: Option<&'static Dialect>,
        command: Command,
        target: Target<'a>,
    ) -> Result<Self, Error> {
        let negotiated = dialect.map(|_| Negotiated { dialect, ..Negotiated::nothing() }.into());
        let reply = Reader::to(command, negotiated);
        let messages = Messages::new(&NO_METHODS, command, target, reply.dialect().is_socks5a)?;
        Ok(Self { phase: Phase::Request, reply, ..Self::of(messages) })
    }

    /// Makes the request, with METHODs that were prepared or will be.
    #[inline]
    pub(crate) fn new(auth: &'a Auth, command: Command, target: Target<'a>) -> Result<Self, Error> {
        Ok(Self::of(Messages::new(auth, command, target, auth.offers_socks5a())?))
    }

    #[inline]
    fn of(messages: Messages<'a>) -> Self {
        Self {
            phase: Phase::Greeting,
            progress: Progress::default(),
            reply: Reader::to(messages.command, None),
            messages,
            method: None,
            negotiation: None,
        }
    }

    /// Returns the METHOD that the proxy has chosen, or `None` before that.
    #[must_use]
    pub const fn method(&self) -> Option<u8> {
        self.method
    }
}

#[cfg(test)]
mod tests;
