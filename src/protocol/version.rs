//! The two versions of the protocol, as types.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::last_message::LastMessage;
use crate::protocol::proxy_protocol::ProxyProtocol;
use crate::protocol::socks4::{Socks4, UserId, is_mark};
use crate::protocol::socks5::{Auth, Socks5};
use crate::protocol::target::Target;
use std::net::IpAddr;

/// SOCKS4 and SOCKS4a, as the version of a [`SocksStream`](crate::SocksStream).
#[derive(Clone, Copy, Debug)]
pub struct V4;

/// SOCKS5, as the version of a [`SocksStream`](crate::SocksStream).
#[derive(Clone, Copy, Debug)]
pub struct V5;

/// A version of SOCKS: [`V4`] or [`V5`], or [`AnyVersion`](crate::AnyVersion).
pub trait Version: sealed::Sealed + Send + Sync + 'static {
    /// What a client of this version identifies itself with.
    type Auth: Send + Sync + 'static;
    /// The conversation that asks a proxy for something.
    type Request<'a>: LastMessage + Send + Sync;

    /// Asks for a connection to the target.
    ///
    /// # Errors
    ///
    /// This version can't carry the target, or the options contradict each other.
    fn connect<'a>(auth: &'a Self::Auth, target: Target<'a>) -> Result<Self::Request<'a>, Error>;

    /// Asks the proxy to listen for a connection from the expected peer.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    fn bind<'a>(auth: &'a Self::Auth, expected_peer: Target<'a>) -> Result<Self::Request<'a>, Error>;

    /// Returns this version, without authentication.
    fn unauthenticated() -> ProxyProtocol;

    /// Returns what the client identifies itself with at a proxy that speaks this version.
    ///
    /// # Errors
    ///
    /// - [`Invalid::WrongVersion`]: the proxy speaks another version.
    fn auth(protocol: &ProxyProtocol) -> Result<&Self::Auth, Error>;

    /// Whether what follows the request may have to be encapsulated.
    fn may_encapsulate(auth: &Self::Auth) -> bool;

    /// Whether a request can carry the address.
    fn carries(auth: &Self::Auth, ip: IpAddr) -> bool;
}

/// Begins to ask a proxy of version `V` for a connection to the target.
pub(crate) fn begin_connect<'a, V: Version>(
    auth: &'a V::Auth,
    target: impl TryInto<Target<'a>, Error: Into<Error>>,
) -> Result<V::Request<'a>, Error> {
    V::connect(auth, target.try_into().map_err(Into::into)?)
}

/// Begins to ask a proxy of version `V` for a connection from the peer.
pub(crate) fn begin_bind<'a, V: Version>(
    auth: &'a V::Auth,
    expected_peer: impl TryInto<Target<'a>, Error: Into<Error>>,
) -> Result<V::Request<'a>, Error> {
    V::bind(auth, expected_peer.try_into().map_err(Into::into)?)
}

impl Version for V4 {
    type Auth = UserId;
    type Request<'a> = Socks4<'a>;

    fn connect<'a>(user_id: &'a UserId, target: Target<'a>) -> Result<Socks4<'a>, Error> {
        Socks4::connect(user_id, target)
    }

    fn bind<'a>(user_id: &'a UserId, expected_peer: Target<'a>) -> Result<Socks4<'a>, Error> {
        Socks4::bind(user_id, expected_peer)
    }

    fn unauthenticated() -> ProxyProtocol {
        ProxyProtocol::V4(UserId::none())
    }

    fn auth(protocol: &ProxyProtocol) -> Result<&UserId, Error> {
        match protocol {
            ProxyProtocol::V4(auth) => Ok(auth),
            ProxyProtocol::V5(_) => Err(Invalid::WrongVersion { proxy: "SOCKS5", wanted: "SOCKS4" }.into()),
        }
    }

    fn may_encapsulate(_: &UserId) -> bool {
        false
    }

    fn carries(_: &UserId, ip: IpAddr) -> bool {
        matches!(ip, IpAddr::V4(ip) if !is_mark(ip))
    }
}

impl Version for V5 {
    type Auth = Auth;
    type Request<'a> = Socks5<'a>;

    fn connect<'a>(auth: &'a Auth, target: Target<'a>) -> Result<Socks5<'a>, Error> {
        Socks5::connect(auth, target)
    }

    fn bind<'a>(auth: &'a Auth, expected_peer: Target<'a>) -> Result<Socks5<'a>, Error> {
        Socks5::bind(auth, expected_peer)
    }

    fn unauthenticated() -> ProxyProtocol {
        ProxyProtocol::V5(Auth::none())
    }

    fn auth(protocol: &ProxyProtocol) -> Result<&Auth, Error> {
        match protocol {
            ProxyProtocol::V5(auth) => Ok(auth),
            ProxyProtocol::V4(_) => Err(Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" }.into()),
        }
    }

    fn may_encapsulate(auth: &Auth) -> bool {
        auth.has_custom_method()
    }

    fn carries(_: &Auth, _: IpAddr) -> bool {
        true
    }
}

pub(crate) mod sealed {
    use crate::error::Stage;
    use crate::protocol::established::Established;
    use crate::protocol::reply_reader::ReplyReader;
    use crate::protocol::{socks4, socks5};

    pub trait Sealed {
        /// What reads this version's replies.
        type Reader: ReplyReader;

        /// What reads the second reply, given the first.
        fn second_reader(first: &mut Established) -> Self::Reader;
    }

    impl Sealed for super::V4 {
        type Reader = socks4::Reader;

        /// SOCKS4 has no METHODs, and so no frames.
        fn second_reader(_: &mut Established) -> socks4::Reader {
            socks4::Reader::new(Stage::SecondReply)
        }
    }

    impl Sealed for super::V5 {
        type Reader = socks5::Reader;

        fn second_reader(first: &mut Established) -> socks5::Reader {
            socks5::Reader::new(Stage::SecondReply, first.frames.take())
        }
    }
}
