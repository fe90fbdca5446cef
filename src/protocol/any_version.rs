//! Either version of SOCKS, as a `Version`.

use super::any_request::{AnyRequest, Reader};
use super::command::Command;
use super::established::{Established, ProtocolVersion};
use super::socks_protocol::SocksProtocol;
use super::socks5::Auth;
use super::target::Target;
use super::version::sealed::Sealed;
use super::version::{V4, V5, Version};
use crate::error::Error;
use std::net::IpAddr;

/// The version of a [`SocksStream`](crate::SocksStream) to a proxy of either SOCKS version.
///
/// The [`SocksProtocol`] selects the version when the connection is made. So streams to all
/// proxies have one type, as those of a [`Connector`](crate::Connector) do.
#[derive(Clone, Copy, Debug)]
pub struct AnyVersion;

impl Version for AnyVersion {
    type Auth = SocksProtocol;
    type Request<'a> = AnyRequest<'a>;

    fn connect<'a>(protocol: &'a SocksProtocol, target: Target<'a>) -> Result<AnyRequest<'a>, Error> {
        Ok(match protocol {
            SocksProtocol::V4(user_id) => AnyRequest::V4(V4::connect(user_id, target)?),
            SocksProtocol::V5(auth) => AnyRequest::V5(V5::connect(auth, target)?),
        })
    }

    fn bind<'a>(protocol: &'a SocksProtocol, expected_peer: Target<'a>) -> Result<AnyRequest<'a>, Error> {
        Ok(match protocol {
            SocksProtocol::V4(user_id) => AnyRequest::V4(V4::bind(user_id, expected_peer)?),
            SocksProtocol::V5(auth) => AnyRequest::V5(V5::bind(auth, expected_peer)?),
        })
    }

    /// Returns SOCKS5, the version of most proxies.
    fn unauthenticated() -> SocksProtocol {
        V5::unauthenticated()
    }

    fn auth(protocol: &SocksProtocol) -> Result<&SocksProtocol, Error> {
        Ok(protocol)
    }

    fn may_encapsulate(protocol: &SocksProtocol) -> bool {
        match protocol {
            SocksProtocol::V4(user_id) => V4::may_encapsulate(user_id),
            SocksProtocol::V5(auth) => V5::may_encapsulate(auth),
        }
    }

    fn carries(protocol: &SocksProtocol, ip: IpAddr) -> bool {
        match protocol {
            SocksProtocol::V4(user_id) => V4::carries(user_id, ip),
            SocksProtocol::V5(auth) => V5::carries(auth, ip),
        }
    }
}

impl Sealed for AnyVersion {
    type Reader = Reader;

    fn request<'a>(
        protocol: &'a SocksProtocol,
        command: Command,
        target: Target<'a>,
    ) -> Result<AnyRequest<'a>, Error> {
        Ok(match protocol {
            SocksProtocol::V4(user_id) => AnyRequest::V4(V4::request(user_id, command, target)?),
            SocksProtocol::V5(auth) => AnyRequest::V5(V5::request(auth, command, target)?),
        })
    }

    fn negotiation(protocol: &SocksProtocol, next: Command) -> Result<AnyRequest<'_>, Error> {
        Ok(match protocol {
            SocksProtocol::V4(user_id) => AnyRequest::V4(V4::negotiation(user_id, next)?),
            SocksProtocol::V5(auth) => AnyRequest::V5(V5::negotiation(auth, next)?),
        })
    }

    fn unprepared(protocol: &SocksProtocol) -> Option<&Auth> {
        match protocol {
            SocksProtocol::V4(_) => None,
            SocksProtocol::V5(auth) => V5::unprepared(auth),
        }
    }

    fn with_prepared(auth: Auth) -> Option<SocksProtocol> {
        Some(SocksProtocol::V5(auth))
    }

    fn second_reader(first: &mut Established) -> Reader {
        match first.version {
            ProtocolVersion::V4 => Reader::V4(V4::second_reader(first)),
            ProtocolVersion::V5 => Reader::V5(V5::second_reader(first)),
        }
    }
}
