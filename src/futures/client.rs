//! Several requests on one connection, over a stream with the traits of futures-io.

use super::{Socks5Stream, converse};
use crate::error::Error;
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::socks5::{Auth, Socks5};
use crate::protocol::target::{Host, IntoTarget, PoolId, Target};
use crate::route::requests::{self, Requests, with_outer};
use crate::trace;
use futures_io::{AsyncRead, AsyncWrite};
use std::any::Any;
use std::net::{IpAddr, Ipv4Addr};

/// A connection to a SOCKS5 proxy for several requests: those of SOCKS5a, and one CONNECT.
///
/// ```
/// use anysocks::futures::{Socks5Client, Socks5Stream};
/// use anysocks::{Auth, Error};
/// use futures_io::{AsyncRead, AsyncWrite};
///
/// async fn through<S>(stream: S, auth: &Auth) -> Result<Socks5Stream<S>, Error>
/// where
///     S: AsyncRead + AsyncWrite + Unpin,
/// {
///     let mut client = Socks5Client::handshake(stream, auth).await?;
///     let id = client.pool_new("db.example:5432").await?;
///     client.pool_get(&id).await
/// }
/// ```
///
/// [`SocksClient`](crate::SocksClient) describes the calls. They have no timeout, because this
/// front end has no clock.
#[derive(Debug)]
pub struct Socks5Client<S> {
    stream: S,
    requests: Requests,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socks5Client<S> {
    /// Negotiates a METHOD of SOCKS5a over a stream to the proxy.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NeedsSocks5a`](crate::Invalid::NeedsSocks5a): no METHOD of SOCKS5a is offered.
    /// - [`NeedsSocks5a`](crate::ErrorKind::NeedsSocks5a): the proxy selected another METHOD.
    /// - Those of [`Socks5Stream::handshake`](crate::SocksStream::handshake), up to the METHOD.
    pub async fn handshake(mut stream: S, auth: &Auth) -> Result<Self, Error> {
        auth.check_prepared()?;
        let mut negotiation = Socks5::new_negotiation(auth, Command::KeepAlive)?;
        let negotiated = converse(&mut stream, &mut negotiation).await.map_err(trace::failed)?;
        Ok(Self { stream, requests: Requests::new(negotiated) })
    }

    #[doc = include_str!("../docs/client/keep_alive.md")]
    pub async fn keep_alive(&mut self) -> Result<(), Error> {
        let nothing = (Ipv4Addr::UNSPECIFIED, 0).into();
        self.ask(Command::KeepAlive, nothing, |_| Ok(())).await.map_err(trace::failed)
    }

    #[doc = include_str!("../docs/client/resolve.md")]
    pub async fn resolve<'t>(
        &mut self,
        name: impl TryInto<Host<'t>, Error: Into<Error>>,
    ) -> Result<IpAddr, Error> {
        match name.try_into().map_err(Into::into)? {
            Host::Ip(ip) => Ok(ip),
            name => self.ask_about(Command::DnsResolve, (name, 0).into(), requests::ip).await,
        }
    }

    #[doc = include_str!("../docs/client/pool_new.md")]
    pub async fn pool_new<'t>(&mut self, target: impl IntoTarget<'t>) -> Result<PoolId, Error> {
        self.ask_about(Command::PoolNew, target.into_target()?, requests::pool_id).await
    }

    #[doc = include_str!("../docs/client/pool_get.md")]
    pub async fn pool_get(self, id: &PoolId) -> Result<Socks5Stream<S>, Error> {
        self.into_tunnel(Command::PoolGet, id.clone().into()).await
    }

    #[doc = include_str!("../docs/client/connect.md")]
    pub async fn connect<'t>(self, target: impl IntoTarget<'t>) -> Result<Socks5Stream<S>, Error> {
        self.into_tunnel(Command::Connect, target.into_target()?).await
    }

    /// Makes a request, and reads BND.ADDR of its reply.
    async fn ask<T>(
        &mut self,
        command: Command,
        target: Target<'_>,
        read: fn(&Address) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut request = self.requests.begin(command, target)?;
        let granted = converse(&mut self.stream, &mut request).await?;
        self.requests.end(request, granted, read)
    }

    async fn ask_about<T>(
        &mut self,
        command: Command,
        target: Target<'_>,
        read: fn(&Address) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let asked = self.ask(command, target.borrowed(), read).await;
        asked.map_err(|error| trace::failed(error.about(&target)))
    }

    /// Makes a last request, whose reply the tunnel follows.
    async fn into_tunnel(mut self, command: Command, target: Target<'_>) -> Result<Socks5Stream<S>, Error> {
        let failed = |error: Error| trace::failed(error.about(&target));
        let mut request = self.requests.begin(command, target.borrowed()).map_err(failed)?;
        let granted = converse(&mut self.stream, &mut request).await.map_err(failed)?;
        Ok(Socks5Stream::new(self.stream, with_outer(request, granted)))
    }
}

impl<S> Socks5Client<S> {
    /// Returns the value of type `T` that a METHOD made for the user of this connection, such as
    /// `socks5a::Session`.
    #[must_use]
    pub fn session<T: Any>(&self) -> Option<&T> {
        self.requests.session()
    }
}
