//! BIND: listening on the proxy for one connection.

#[cfg(any(unix, windows))]
mod granted;

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::frames::Frames;
use crate::protocol::layered::Layered;
use crate::protocol::negotiated::Session;
use crate::protocol::second_reply::SecondReply;
use crate::protocol::target::Target;
use crate::protocol::version::Version;
use crate::stream::SocksStream;
use crate::trace;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

/// A port on the proxy that accepts one connection (BIND, RFC 1928 §4).
///
/// Use it for protocols such as active FTP, where the server opens a second connection to the
/// client. The client sends [`bound_addr`](Self::bound_addr) to the server, and calls `accept`.
///
/// `S` is the stream to the proxy, `V` the SOCKS version and `F` the front end. Each front end has
/// the aliases `Socks4Listener`, `Socks5Listener` and, for either version, `AnyListener`.
#[doc(alias = "bind")]
#[doc(alias = "ftp")]
pub struct SocksListener<S, V: Version, F> {
    /// The wait for the second reply, until it has been received.
    pending: Option<Pending<S, V>>,
    /// The values for the user, that of the last proxy first.
    sessions: Vec<Session>,
    bound: Address,
    raw_bound: Address,
    /// The proxy's URL and its number in a chain, for errors.
    proxy: Option<(Box<str>, usize)>,
    /// The expected peer, for errors.
    peer: Option<Box<str>>,
    marker: PhantomData<fn() -> F>,
}

/// An accept that has not ended.
struct Pending<S, V: Version> {
    stream: S,
    /// It passes through the pump of earlier proxies of a chain. A cancelled accept must not lose
    /// bytes that this has taken out of their frames.
    second: Layered<Box<Frames>, SecondReply<V>>,
    request: trace::Request,
}

impl<S, V: Version, F> SocksListener<S, V, F> {
    /// Creates a listener from the stream of a BIND request and its first reply.
    ///
    /// This is for custom drivers; the front ends call it for their users. The conversation that
    /// follows is [`SecondReply`]. `proxy` is the IP address of the proxy, if it is known.
    #[must_use]
    pub fn new(inner: S, mut first: Established, proxy: Option<IpAddr>) -> Self {
        let sessions = first.sessions().to_vec();
        let outer = first.negotiated.as_mut().and_then(|negotiated| negotiated.outer.take());
        let raw_bound = first.bound.clone();
        let second = Layered::through(outer, SecondReply::after(first));
        let bound = raw_bound.at_host(proxy).unwrap_or_else(|| raw_bound.clone());
        let request = trace::Request::without_span();
        let pending = Some(Pending { stream: inner, second, request });
        Self { pending, sessions, bound, raw_bound, proxy: None, peer: None, marker: PhantomData }
    }

    /// Returns the address to which the peer must connect.
    ///
    /// If the proxy replied with an unspecified address, this has the IP address at which this
    /// machine reaches the proxy, as the specification of SOCKS4 requires. If that is unknown, it
    /// stays unspecified.
    #[doc(alias = "proxy_addr")]
    #[doc(alias = "bind_addr")]
    pub const fn bound_addr(&self) -> &Address {
        &self.bound
    }

    /// Returns BND.ADDR and BND.PORT of the first reply, as the proxy sent them.
    pub const fn raw_bound_addr(&self) -> &Address {
        &self.raw_bound
    }

    /// Sets the expected peer, for errors.
    pub(crate) fn expecting(self, peer: &Target<'_>) -> Self {
        Self { peer: Some(peer.to_string().into()), ..self }
    }

    /// Returns the value of type `T` that a custom METHOD made for the user of this connection.
    ///
    /// [`SocksStream::session`] has the details. The stream that `accept` returns has the value
    /// too.
    #[must_use]
    pub fn session<T: Any>(&self) -> Option<&T> {
        self.sessions.iter().find_map(|session| session.downcast_ref())
    }

    /// Returns the stream over which the second reply is awaited, and the conversation that awaits
    /// it.
    pub(crate) fn pending(
        &mut self,
    ) -> Result<(&mut S, &mut impl Conversation<Outcome = Established>, &trace::Request), Error> {
        match &mut self.pending {
            Some(Pending { stream, second, request }) => Ok((stream, second, request)),
            None => Err(Error::new(Stage::SecondReply, ErrorKind::Over)),
        }
    }

    /// Completes `accept` with the outcome of the second reply.
    pub(crate) fn accepted(
        &mut self,
        reply: Result<Established, Error>,
    ) -> Result<(SocksStream<S, V, F>, Address), Error> {
        let reply = reply.map_err(|error| {
            let error = match &self.proxy {
                Some((proxy, number)) => error.at_hop(proxy, *number, *number),
                None => error,
            };
            match &self.peer {
                Some(peer) => error.about(&**peer),
                None => error,
            }
        });
        let mut second = match &self.pending {
            Some(pending) => pending.request.outcome(reply)?,
            None => reply?,
        };
        let Some(Pending { stream, second: conversation, .. }) = self.pending.take() else {
            return Err(Error::new(Stage::SecondReply, ErrorKind::Over));
        };
        let outer = conversation.into_frames();
        if outer.is_some() || !self.sessions.is_empty() {
            let negotiated = second.negotiated.get_or_insert_default();
            negotiated.outer = outer;
            negotiated.sessions.clone_from(&self.sessions);
        }
        let peer = std::mem::replace(&mut second.bound, self.bound.clone());
        Ok((SocksStream::new(stream, second), peer))
    }
}

impl<S: fmt::Debug, V: Version, F> fmt::Debug for SocksListener<S, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksListener")
            .field("inner", &self.pending.as_ref().map(|pending| &pending.stream))
            .field("bound", &self.bound)
            .field("raw_bound", &self.raw_bound)
            .finish_non_exhaustive()
    }
}
