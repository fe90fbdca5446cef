//! BIND with `anysocks::blocking`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anysocks::blocking::{Blocking, dial};
use anysocks::{Address, Error, SocksListener, SocksStream, Version};

use super::{opened, over_tls};
use crate::fronts::Opening;
use crate::listening::Listening;
use crate::tunnel::{HalfClose, Opened};

pub(in crate::fronts) fn bind<V: Version>(opening: &Opening<'_, V>) -> Result<Box<dyn Listening>, Error> {
    let peer = opening.target.borrowed();
    let Some(config) = &opening.tls else {
        let listener = SocksListener::<_, V, Blocking>::bind(opening.proxy, peer)?;
        return Ok(listening(listener));
    };
    let stream = over_tls(dial(opening.proxy)?, config)?;
    let listener = SocksListener::<_, V, Blocking>::handshake(stream, opening.auth, peer)?;
    Ok(Box::new(Over { listener, accept_within: |listener, _| listener.accept() }))
}

pub(in crate::fronts) fn listening<V: Version>(listener: Listener<TcpStream, V>) -> Box<dyn Listening> {
    Box::new(Over { listener, accept_within: Listener::<TcpStream, V>::accept_within })
}

type Listener<S, V> = SocksListener<S, V, Blocking>;
type Accepted<S, V> = Result<(SocksStream<S, V, Blocking>, Address), Error>;

struct Over<S, V: Version> {
    listener: Listener<S, V>,
    /// Its deadline is the affair of a socket.
    accept_within: fn(&mut Listener<S, V>, Duration) -> Accepted<S, V>,
}

impl<S, V> Listening for Over<S, V>
where
    S: Read + Write + HalfClose + 'static,
    V: Version,
{
    fn bound(&self) -> &Address {
        self.listener.bound_addr()
    }

    fn take(&mut self, limit: Option<Duration>) -> Result<(Opened, Address), Error> {
        let (stream, peer) = match limit {
            Some(limit) => (self.accept_within)(&mut self.listener, limit)?,
            None => self.listener.accept()?,
        };
        Ok((opened(stream, false), peer))
    }
}
