//! BIND with `anysocks::tokio`.

use std::time::Duration;

use anysocks::tokio::{Tokio, dial};
use anysocks::{Address, Error, SocksListener, Stage, Version};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{opened, over_tls, timely};
use crate::fronts::Opening;
use crate::listening::Listening;
use crate::tunnel::Opened;

pub(in crate::fronts) fn bind<V: Version>(opening: &Opening<'_, V>) -> Result<Box<dyn Listening>, Error> {
    let peer = opening.target.borrowed();
    timely(Stage::Request, async {
        let Some(config) = &opening.tls else {
            let listener = SocksListener::<_, V, Tokio>::bind(opening.proxy, peer).await?;
            return Ok(listening(listener));
        };
        let stream = over_tls(dial(opening.proxy).await?, config).await?;
        let listener = SocksListener::<_, V, Tokio>::handshake(stream, opening.auth, peer).await?;
        Ok(listening(listener))
    })
}

pub(in crate::fronts) fn listening<S, V>(listener: SocksListener<S, V, Tokio>) -> Box<dyn Listening>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    V: Version,
{
    Box::new(Over(listener))
}

struct Over<S, V: Version>(SocksListener<S, V, Tokio>);

impl<S, V> Listening for Over<S, V>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    V: Version,
{
    fn bound(&self) -> &Address {
        self.0.bound_addr()
    }

    fn take(&mut self, limit: Option<Duration>) -> Result<(Opened, Address), Error> {
        let Self(listener) = self;
        let (stream, peer) = timely(Stage::SecondReply, async {
            match limit {
                Some(limit) => listener.accept_within(limit).await,
                None => listener.accept().await,
            }
        })?;
        Ok((opened(stream, false), peer))
    }
}
