//! A request in either version of SOCKS.

use super::conversation::{Conversation, Scratch, Step};
use super::established::Established;
use super::pause::Pause;
use super::reply_reader::ReplyReader;
use super::request::Request;
use super::socks4::{self, Socks4};
use super::socks5::{self, Socks5};
use super::target::Target;
use crate::error::{Error, ErrorKind, Stage};

/// A request in the SOCKS version of the proxy: a [`Socks4`] or a [`Socks5`].
///
/// It is a [`Conversation`] like these two, so one driver and one type serve all proxies.
/// [`Version::connect`](crate::Version::connect) of [`AnyVersion`](crate::AnyVersion) makes one:
///
/// ```
/// use anysocks::{AnyVersion, Error, Proxy, Target, Version};
/// use anysocks::protocol::AnyRequest;
///
/// fn request<'a>(proxy: &'a Proxy, target: Target<'a>) -> Result<AnyRequest<'a>, Error> {
///     AnyVersion::connect(proxy.protocol(), target)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyRequest<'a> {
    /// A request to a SOCKS4 or SOCKS4a proxy.
    V4(Socks4<'a>),
    /// A request to a SOCKS5 proxy.
    V5(Socks5<'a>),
}

impl Request for AnyRequest<'_> {
    fn is_last_message(&self) -> bool {
        match self {
            Self::V4(conversation) => conversation.is_last_message(),
            Self::V5(conversation) => conversation.is_last_message(),
        }
    }

    fn target(&self) -> &Target<'_> {
        match self {
            Self::V4(conversation) => conversation.target(),
            Self::V5(conversation) => conversation.target(),
        }
    }
}

impl Conversation for AnyRequest<'_> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match self {
            Self::V4(conversation) => conversation.step(scratch),
            Self::V5(conversation) => conversation.step(scratch),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        match self {
            Self::V4(conversation) => conversation.advance(n),
            Self::V5(conversation) => conversation.advance(n),
        }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::V4(conversation) => conversation.stage(),
            Self::V5(conversation) => conversation.stage(),
        }
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        match self {
            Self::V4(conversation) => conversation.failure(kind),
            Self::V5(conversation) => conversation.failure(kind),
        }
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        match self {
            Self::V4(conversation) => conversation.pause(),
            Self::V5(conversation) => conversation.pause(),
        }
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match self {
            Self::V4(conversation) => conversation.write_failed(error),
            Self::V5(conversation) => conversation.write_failed(error),
        }
    }
}

/// The reader of a reply in either version.
#[derive(Debug)]
pub enum Reader {
    V4(socks4::Reader),
    V5(socks5::Reader),
}

impl ReplyReader for Reader {
    fn room(&mut self) -> &mut [u8] {
        match self {
            Self::V4(reader) => reader.room(),
            Self::V5(reader) => reader.room(),
        }
    }

    fn filled(&mut self, n: usize) {
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

    fn refusal(&self) -> Option<Error> {
        match self {
            Self::V4(reader) => reader.refusal(),
            Self::V5(reader) => reader.refusal(),
        }
    }
}
