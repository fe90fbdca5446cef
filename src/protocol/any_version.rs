//! Whatever version of SOCKS a proxy speaks, as a version.

use crate::conversation::{Conversation, Scratch, Step};
use crate::error::{Error, Stage};
use crate::established::{Established, Spoken};
use crate::optimistic::LastMessage;
use crate::proxy::{Endpoint, Protocol, Proxy};
use crate::second_reply::ReplyReader;
use crate::socks4::Socks4;
use crate::socks5::Socks5;
use crate::target::Target;
use crate::version::sealed::Sealed;
use crate::version::{V4, V5, Version};
use std::net::IpAddr;

/// The version that the proxy speaks, which is known when it is connected to: as the version of a [`SocksStream`](crate::SocksStream), one
/// type of stream for all proxies.
#[derive(Clone, Copy, Debug)]
pub struct AnyVersion;

/// A request in the version that the proxy speaks.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyRequest<'a> {
    /// SOCKS4 or SOCKS4a.
    V4(Socks4<'a>),
    /// SOCKS5.
    V5(Socks5<'a>),
}

impl Version for AnyVersion {
    type Auth = Protocol;
    type Request<'a> = AnyRequest<'a>;

    fn connect<'a>(protocol: &'a Protocol, target: Target<'a>) -> Result<AnyRequest<'a>, Error> {
        Ok(match protocol {
            Protocol::V4(user_id) => AnyRequest::V4(Socks4::connect(user_id, target)?),
            Protocol::V5(auth) => AnyRequest::V5(Socks5::connect(auth, target)?),
        })
    }

    fn bind<'a>(protocol: &'a Protocol, expected_peer: Target<'a>) -> Result<AnyRequest<'a>, Error> {
        Ok(match protocol {
            Protocol::V4(user_id) => AnyRequest::V4(Socks4::bind(user_id, expected_peer)?),
            Protocol::V5(auth) => AnyRequest::V5(Socks5::bind(auth, expected_peer)?),
        })
    }

    /// SOCKS5, as what does not say most likely is.
    fn proxy(endpoint: Endpoint) -> Proxy {
        Proxy::v5(endpoint)
    }

    fn auth(proxy: &Proxy) -> Result<&Protocol, Error> {
        Ok(proxy.protocol())
    }

    fn may_encapsulate(protocol: &Protocol) -> bool {
        match protocol {
            Protocol::V4(user_id) => V4::may_encapsulate(user_id),
            Protocol::V5(auth) => V5::may_encapsulate(auth),
        }
    }

    fn carries(protocol: &Protocol, ip: IpAddr) -> bool {
        match protocol {
            Protocol::V4(user_id) => V4::carries(user_id, ip),
            Protocol::V5(auth) => V5::carries(auth, ip),
        }
    }
}

impl LastMessage for AnyRequest<'_> {
    fn is_last(&self) -> bool {
        match self {
            Self::V4(talk) => talk.is_last(),
            Self::V5(talk) => talk.is_last(),
        }
    }
}

impl Conversation for AnyRequest<'_> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match self {
            Self::V4(talk) => talk.step(scratch),
            Self::V5(talk) => talk.step(scratch),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        match self {
            Self::V4(talk) => talk.advance(n),
            Self::V5(talk) => talk.advance(n),
        }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::V4(talk) => talk.stage(),
            Self::V5(talk) => talk.stage(),
        }
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match self {
            Self::V4(talk) => talk.write_failed(error),
            Self::V5(talk) => talk.write_failed(error),
        }
    }
}

/// What reads a reply of either version.
#[derive(Debug)]
pub enum Reader {
    V4(<V4 as Sealed>::Reader),
    V5(<V5 as Sealed>::Reader),
}

impl Sealed for AnyVersion {
    type Reader = Reader;

    fn second_reader(first: &mut Established) -> Reader {
        match first.spoken {
            Spoken::V4 => Reader::V4(V4::second_reader(first)),
            Spoken::V5 => Reader::V5(V5::second_reader(first)),
        }
    }
}

impl ReplyReader for Reader {
    fn room(&mut self) -> &mut [u8] {
        match self {
            Self::V4(reader) => reader.room(),
            Self::V5(reader) => reader.room(),
        }
    }

    fn filled(&mut self, n: usize) -> Result<(), Error> {
        match self {
            Self::V4(reader) => reader.filled(n),
            Self::V5(reader) => reader.filled(n),
        }
    }

    fn is_granted(&mut self) -> Result<bool, Error> {
        match self {
            Self::V4(reader) => reader.is_granted(),
            Self::V5(reader) => reader.is_granted(),
        }
    }

    fn take(&mut self) -> Established {
        match self {
            Self::V4(reader) => reader.take(),
            Self::V5(reader) => reader.take(),
        }
    }

    fn received(&self) -> usize {
        match self {
            Self::V4(reader) => reader.received(),
            Self::V5(reader) => reader.received(),
        }
    }
}
