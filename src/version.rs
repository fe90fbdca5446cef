//! The two versions of the protocol, as types.

use crate::conversation::Conversation;
use crate::error::Error;
use crate::established::Established;
use crate::proxy::{Endpoint, Proxy};
use crate::socks4::{Socks4, UserId, is_mark};
use crate::socks5::{Auth, Socks5};
use crate::target::Target;
use std::net::IpAddr;

/// SOCKS4 and SOCKS4a, as the version of a [`SocksStream`](crate::SocksStream).
#[derive(Clone, Copy, Debug)]
pub struct V4;

/// SOCKS5, as the version of a [`SocksStream`](crate::SocksStream).
#[derive(Clone, Copy, Debug)]
pub struct V5;

/// A version of SOCKS: [`V4`] or [`V5`].
pub trait Version: sealed::Sealed + Send + Sync + 'static {
    /// What a client of this version identifies itself with.
    type Auth: Send + Sync + 'static;
    /// The conversation that asks for a connection.
    type Connect<'a>: Conversation<Outcome = Established> + Send + Sync;

    /// Asks for a connection to the target.
    ///
    /// # Errors
    ///
    /// This version can't carry the target, or the options contradict each other.
    fn connect<'a>(auth: &'a Self::Auth, target: Target<'a>) -> Result<Self::Connect<'a>, Error>;

    /// A proxy of this version.
    fn proxy(endpoint: Endpoint) -> Proxy;

    /// What the client identifies itself with at this proxy.
    ///
    /// # Errors
    ///
    /// The proxy is one of another version.
    fn auth(proxy: &Proxy) -> Result<&Self::Auth, Error>;

    /// Whether a request of this version can carry the address.
    fn carries(ip: IpAddr) -> bool;
}

/// Begins to ask a proxy of version `V`.
pub(crate) fn begin<'a, V: Version>(
    auth: &'a V::Auth,
    target: impl TryInto<Target<'a>, Error: Into<Error>>,
) -> Result<V::Connect<'a>, Error> {
    V::connect(auth, target.try_into().map_err(Into::into)?)
}

impl Version for V4 {
    type Auth = UserId;
    type Connect<'a> = Socks4<'a>;

    fn connect<'a>(user_id: &'a UserId, target: Target<'a>) -> Result<Socks4<'a>, Error> {
        Socks4::connect(user_id, target)
    }

    fn proxy(endpoint: Endpoint) -> Proxy {
        Proxy::v4(endpoint)
    }

    fn auth(proxy: &Proxy) -> Result<&UserId, Error> {
        proxy.v4_user_id()
    }

    fn carries(ip: IpAddr) -> bool {
        matches!(ip, IpAddr::V4(ip) if !is_mark(ip))
    }
}

impl Version for V5 {
    type Auth = Auth;
    type Connect<'a> = Socks5<'a>;

    fn connect<'a>(auth: &'a Auth, target: Target<'a>) -> Result<Socks5<'a>, Error> {
        Socks5::connect(auth, target)
    }

    fn proxy(endpoint: Endpoint) -> Proxy {
        Proxy::v5(endpoint)
    }

    fn auth(proxy: &Proxy) -> Result<&Auth, Error> {
        proxy.v5_auth()
    }

    fn carries(_: IpAddr) -> bool {
        true
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::V4 {}
    impl Sealed for super::V5 {}
}
