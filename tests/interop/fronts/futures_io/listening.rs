//! BIND with `anysocks::async_std`, `anysocks::smol` and `anysocks::futures`.

use std::time::Duration;

use anysocks::{Address, Error, Proxy, SocksListener, SocksStream, Stage, Target, Version};
use futures_io::{AsyncRead, AsyncWrite};

use super::{AsyncStd, Connects, Futures, Smol, opened, over_tls, timely};
use crate::fronts::Opening;
use crate::listening::Listening;
use crate::tunnel::{HalfClose, Opened};

type Accepted<S, V, F> = Result<(SocksStream<S, V, F>, Address), Error>;

/// How these front ends differ.
pub(in crate::fronts) trait Binds: Connects {
    async fn bind<V: Version>(
        proxy: &Proxy,
        peer: Target<'_>,
    ) -> Result<SocksListener<Self::Stream, V, Self>, Error>;

    async fn accept_within<S, V>(
        listener: &mut SocksListener<S, V, Self>,
        limit: Duration,
    ) -> Accepted<S, V, Self>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        V: Version;
}

macro_rules! binds {
    ($($front:ty),*) => {$(
        impl Binds for $front {
            async fn bind<V: Version>(
                proxy: &Proxy,
                peer: Target<'_>,
            ) -> Result<SocksListener<Self::Stream, V, Self>, Error> {
                SocksListener::<_, V, Self>::bind(proxy, peer).await
            }

            async fn accept_within<S, V>(
                listener: &mut SocksListener<S, V, Self>,
                limit: Duration,
            ) -> Accepted<S, V, Self>
            where
                S: AsyncRead + AsyncWrite + Unpin,
                V: Version,
            {
                listener.accept_within(limit).await
            }
        }
    )*};
}

binds!(AsyncStd, Smol);

pub(in crate::fronts) fn bind<F: Binds, V: Version>(
    opening: &Opening<'_, V>,
) -> Result<Box<dyn Listening>, Error> {
    let peer = opening.target.borrowed();
    timely::<F, _>(Stage::Request, async {
        let Some(config) = &opening.tls else {
            let listener = F::bind::<V>(opening.proxy, peer).await?;
            return Ok(listening(listener));
        };
        let stream = over_tls(F::dial(opening.proxy).await?, config).await?;
        let listener = SocksListener::<_, V, F>::handshake(stream, opening.auth, peer).await?;
        Ok(listening(listener))
    })
}

/// BIND with `anysocks::futures`, which dials nothing and has no deadline.
pub(in crate::fronts) fn bind_over_stream<V: Version>(
    opening: &Opening<'_, V>,
) -> Result<Box<dyn Listening>, Error> {
    timely::<Futures, _>(Stage::Request, async {
        let stream = Futures::dial(opening.proxy).await?;
        let peer = opening.target.borrowed();
        let listener = SocksListener::<_, V, Futures>::handshake(stream, opening.auth, peer).await?;
        Ok(Box::new(OverStream(listener)) as Box<dyn Listening>)
    })
}

struct OverStream<S, V: Version>(SocksListener<S, V, Futures>);

impl<S, V> Listening for OverStream<S, V>
where
    S: AsyncRead + AsyncWrite + Unpin + HalfClose + 'static,
    V: Version,
{
    fn bound(&self) -> &Address {
        self.0.bound_addr()
    }

    fn take(&mut self, _: Option<Duration>) -> Result<(Opened, Address), Error> {
        let (stream, peer) = timely::<Futures, _>(Stage::SecondReply, self.0.accept())?;
        Ok((opened(stream, false), peer))
    }
}

pub(in crate::fronts) fn listening<S, V, F>(listener: SocksListener<S, V, F>) -> Box<dyn Listening>
where
    S: AsyncRead + AsyncWrite + Unpin + HalfClose + 'static,
    V: Version,
    F: Binds,
{
    Box::new(Over(listener))
}

struct Over<S, V: Version, F>(SocksListener<S, V, F>);

impl<S, V, F> Listening for Over<S, V, F>
where
    S: AsyncRead + AsyncWrite + Unpin + HalfClose + 'static,
    V: Version,
    F: Binds,
{
    fn bound(&self) -> &Address {
        self.0.bound_addr()
    }

    fn take(&mut self, limit: Option<Duration>) -> Result<(Opened, Address), Error> {
        let Self(listener) = self;
        let (stream, peer) = timely::<F, _>(Stage::SecondReply, async {
            match limit {
                Some(limit) => F::accept_within(listener, limit).await,
                None => listener.accept().await,
            }
        })?;
        Ok((opened(stream, false), peer))
    }
}
