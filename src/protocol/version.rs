//! The versions of SOCKS, as types.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::request::Request;
use crate::protocol::socks_protocol::SocksProtocol;
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

/// A version of SOCKS: [`V4`], [`V5`] or [`AnyVersion`](crate::AnyVersion).
///
/// It is a type parameter of [`SocksStream`](crate::SocksStream) and
/// [`SocksListener`](crate::SocksListener). The trait is sealed.
pub trait Version: sealed::Sealed + Send + Sync + 'static {
    /// The authentication of a client.
    type Auth: Send + Sync + 'static;
    /// The [`Conversation`](crate::protocol::Conversation) of a request.
    type Request<'a>: Request + Send + Sync;

    /// Creates a CONNECT request.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the version can't carry the target, or
    ///   the options contradict each other. See [`Socks4::connect`] and [`Socks5::connect`].
    fn connect<'a>(auth: &'a Self::Auth, target: Target<'a>) -> Result<Self::Request<'a>, Error>;

    /// Creates a BIND request, for a connection from the expected peer.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    fn bind<'a>(auth: &'a Self::Auth, expected_peer: Target<'a>) -> Result<Self::Request<'a>, Error>;

    /// Returns this version without authentication.
    fn unauthenticated() -> SocksProtocol;

    /// Returns the authentication of a proxy that speaks this version.
    ///
    /// # Errors
    ///
    /// - [`Invalid::WrongVersion`]: the proxy speaks another version.
    fn auth(protocol: &SocksProtocol) -> Result<&Self::Auth, Error>;

    /// Returns whether the relayed bytes may have to be encapsulated.
    fn may_encapsulate(auth: &Self::Auth) -> bool;

    /// Returns whether a request can carry the address.
    fn carries(auth: &Self::Auth, ip: IpAddr) -> bool;
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

    fn unauthenticated() -> SocksProtocol {
        SocksProtocol::V4(UserId::none())
    }

    fn auth(protocol: &SocksProtocol) -> Result<&UserId, Error> {
        match protocol {
            SocksProtocol::V4(auth) => Ok(auth),
            SocksProtocol::V5(_) => Err(Invalid::WrongVersion { proxy: "SOCKS5", wanted: "SOCKS4" }.into()),
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

    fn unauthenticated() -> SocksProtocol {
        SocksProtocol::V5(Auth::none())
    }

    fn auth(protocol: &SocksProtocol) -> Result<&Auth, Error> {
        match protocol {
            SocksProtocol::V5(auth) => Ok(auth),
            SocksProtocol::V4(_) => Err(Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" }.into()),
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
    use super::{V4, V5, Version};
    use crate::error::invalid::Invalid;
    use crate::error::{Error, Stage};
    use crate::protocol::command::Command;
    use crate::protocol::established::Established;
    use crate::protocol::reply_reader::ReplyReader;
    use crate::protocol::socks4::{Socks4, UserId};
    use crate::protocol::socks5::{Auth, Socks5};
    use crate::protocol::target::Target;
    use crate::protocol::{socks4, socks5};

    pub trait Sealed {
        /// The reader of this version's replies.
        type Reader: ReplyReader;

        /// Creates a request, with METHODs that were prepared or will be.
        fn request<'a>(
            auth: &'a Self::Auth,
            command: Command,
            target: Target<'a>,
        ) -> Result<Self::Request<'a>, Error>
        where
            Self: Version;

        /// Creates a handshake that ends with the METHOD, which is prepared or will be. A request
        /// with the command `next` will follow.
        fn negotiation(auth: &Self::Auth, next: Command) -> Result<Self::Request<'_>, Error>
        where
            Self: Version;

        /// Returns the METHODs that have to be prepared before a handshake, if there are any.
        fn unprepared(auth: &Self::Auth) -> Option<&Auth>
        where
            Self: Version;

        /// Returns what the client authenticates with, with METHODs that were prepared.
        fn with_prepared(auth: Auth) -> Option<Self::Auth>
        where
            Self: Version;

        /// Returns a reader of BIND's second reply, with the encapsulation of the first.
        fn second_reader(first: &mut Established) -> Self::Reader;
    }

    impl Sealed for V4 {
        type Reader = socks4::Reader;

        fn request<'a>(
            user_id: &'a UserId,
            command: Command,
            target: Target<'a>,
        ) -> Result<Socks4<'a>, Error> {
            match command {
                Command::Connect => Socks4::connect(user_id, target),
                Command::Bind => Socks4::bind(user_id, target),
                Command::Resolve => Socks4::resolve(user_id, target.into_host()),
                Command::UdpAssociate
                | Command::ResolvePtr
                | Command::KeepAlive
                | Command::DnsResolve
                | Command::PoolNew
                | Command::PoolGet
                | Command::UdpAssociateExt => {
                    Err(Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" }.into())
                }
            }
        }

        /// SOCKS4 has nothing to negotiate, so the handshake has no messages.
        fn negotiation(user_id: &UserId, _: Command) -> Result<Socks4<'_>, Error> {
            Ok(Socks4::without_request(user_id))
        }

        fn unprepared(_: &UserId) -> Option<&Auth> {
            None
        }

        fn with_prepared(_: Auth) -> Option<UserId> {
            None
        }

        /// SOCKS4 has no METHODs, so there is no encapsulation.
        fn second_reader(_: &mut Established) -> socks4::Reader {
            socks4::Reader::new(Stage::SecondReply)
        }
    }

    impl Sealed for V5 {
        type Reader = socks5::Reader;

        fn request<'a>(auth: &'a Auth, command: Command, target: Target<'a>) -> Result<Socks5<'a>, Error> {
            Socks5::new(auth, command, target)
        }

        fn negotiation(auth: &Auth, next: Command) -> Result<Socks5<'_>, Error> {
            Socks5::new_negotiation(auth, next)
        }

        fn unprepared(auth: &Auth) -> Option<&Auth> {
            auth.check_prepared().is_err().then_some(auth)
        }

        fn with_prepared(auth: Auth) -> Option<Auth> {
            Some(auth)
        }

        fn second_reader(first: &mut Established) -> socks5::Reader {
            socks5::Reader::new(Stage::SecondReply, first.negotiated.take())
        }
    }
}
