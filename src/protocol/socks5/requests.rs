//! The requests of SOCKS5.

use super::messages::Messages;
use super::{Auth, Phase, Reader, Socks5};
use crate::error::{Error, Stage};
use crate::protocol::command::Command;
use crate::protocol::progress::Progress;
use crate::protocol::target::{Host, Target};
use std::net::IpAddr;

impl<'a> Socks5<'a> {
    /// Creates a CONNECT request.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NotPipelinable`](crate::Invalid::NotPipelinable): `auth` is
    ///   [pipelined](Auth::pipelined), and does not offer exactly one METHOD, none or
    ///   username/password.
    pub fn connect(auth: &'a Auth, target: Target<'a>) -> Result<Self, Error> {
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
        Self::new(auth, Command::ResolvePtr, (ip, 0).into())
    }

    fn new(auth: &'a Auth, command: Command, target: Target<'a>) -> Result<Self, Error> {
        Ok(Self {
            messages: Messages::new(auth, command, target)?,
            phase: Phase::Greeting,
            progress: Progress::default(),
            reply: Reader::new(Stage::Request, None),
            method: None,
            negotiation: None,
        })
    }

    /// Returns the METHOD that the proxy has chosen, or `None` before that.
    #[must_use]
    pub const fn method(&self) -> Option<u8> {
        self.method
    }
}
