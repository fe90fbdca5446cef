//! Custom METHODs (RFC 1928 §3).

use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::target::Host;

/// The sub-negotiation of a custom METHOD (RFC 1928 §3).
///
/// A METHOD is a [`Conversation`] with a name. Its outcome is a [`Negotiated`]: an encapsulation
/// for all later bytes, if any, and a value for the user of the connection, if any. Each value of
/// this trait serves one connection. [`Auth::method`](crate::Auth::method) and
/// [`Auth::prepared_method`](crate::Auth::prepared_method) offer a METHOD, and take the function
/// that creates it.
///
#[doc = include_str!("../../docs/writing_a_method.md")]
pub trait Method: Conversation<Outcome = Negotiated> + Send + Sync {
    /// Returns the METHOD's name, for errors.
    fn name(&self) -> &'static str;

    /// Returns the METHOD's first message, to send it together with the greeting. Default: no
    /// bytes.
    ///
    /// This saves one round trip. It applies to a prepared METHOD that is offered alone, because
    /// the proxy can then select no other one. The METHOD's first step must be a
    /// [`Step::Write`](crate::protocol::Step::Write) of the same bytes. When the proxy has selected
    /// the METHOD, that step is reported as written.
    fn opening(&self) -> &[u8] {
        &[]
    }

    /// Returns where the request is put, if the METHOD can send it together with its last message.
    /// Default: `None`.
    ///
    /// This saves one round trip of a [pipelined](crate::Auth::pipelined) handshake. The request is
    /// put there before the first step. The METHOD encapsulates and writes it. Its outcome is due
    /// when the whole request is written, and contains the
    /// [`Frames`](crate::protocol::Frames) that have sealed the request. The reply follows.
    fn request(&mut self) -> Option<&mut Vec<u8>> {
        None
    }
}

/// The connection for which a METHOD is negotiated.
///
/// The functions of [`Auth::method`](crate::Auth::method) and
/// [`Auth::prepared_method`](crate::Auth::prepared_method) receive it.
///
/// ```
/// use anysocks::Error;
/// use anysocks::protocol::{Command, Purpose};
///
/// /// A METHOD without an encapsulation of datagrams refuses associations before they are made.
/// fn check(purpose: &Purpose<'_>) -> Result<(), Error> {
///     match purpose.command {
///         Command::UdpAssociate => Err(Error::method("datagrams would be plain")),
///         _ => Ok(()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Purpose<'a> {
    /// The command that follows. In a chain, it is CONNECT for all proxies but the last.
    pub command: Command,
    /// The proxy's host, if it is known.
    ///
    /// It is unknown for a proxy at a Unix-domain socket and for a handshake over a stream, unless
    /// [`Auth::host`](crate::Auth::host) was called.
    pub host: Option<Host<'a>>,
    /// The number of the proxy in its [`Chain`](crate::Chain), counted from 1. For a single proxy,
    /// and for a handshake over a stream, it is 1.
    pub hop: usize,
    /// The number of proxies in the chain.
    pub hops: usize,
    /// The codes of all offered METHODs, in the order of the greeting.
    pub offered: &'a [u8],
}
