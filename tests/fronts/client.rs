//! Connections for several requests, of every front end, as a test that blocks calls them.

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use crate::support::blocked::Executor;
use crate::support::blocked::Tunnel;
use anysocks::{Error, Host, PoolId, Target};
use std::fmt;
use std::net::IpAddr;

/// A `Socks5Client` of some front end. The names are those of its own calls.
///
/// The type of a wrapped one has no name, so a closure makes the calls.
pub(crate) struct Client(pub(crate) Box<Calls>);

pub(crate) type Opened = Result<Client, Error>;

type Calls = dyn FnMut(Ask<'_>) -> Answer;

/// A call.
pub(crate) enum Ask<'a> {
    KeepAlive,
    Resolve(Host<'a>),
    PoolNew(Target<'a>),
    PoolGet(&'a PoolId),
    Connect(Target<'a>),
    /// Starts `keep_alive`, and drops its future when it waits.
    Cancelled,
    /// The METHODs of the session.
    Methods,
    Debug,
}

/// The outcome of a call.
pub(crate) enum Answer {
    Kept(Result<(), Error>),
    Resolved(Result<IpAddr, Error>),
    Pooled(Result<PoolId, Error>),
    Tunnel(Result<Box<dyn Tunnel>, Error>),
    Cancelled(bool),
    Methods(Option<Vec<u8>>),
    Debug(String),
}

macro_rules! call {
    ($client:ident, $ask:expr, $answer:ident) => {
        match ($client.0)($ask) {
            Answer::$answer(answer) => answer,
            _ => unreachable!("the answer to another call"),
        }
    };
}

impl Client {
    pub(crate) fn keep_alive(&mut self) -> Result<(), Error> {
        call!(self, Ask::KeepAlive, Kept)
    }

    pub(crate) fn resolve(&mut self, name: &str) -> Result<IpAddr, Error> {
        self.resolve_host(name.try_into()?)
    }

    pub(crate) fn resolve_host(&mut self, host: Host<'_>) -> Result<IpAddr, Error> {
        call!(self, Ask::Resolve(host), Resolved)
    }

    pub(crate) fn pool_new(&mut self, target: Target<'_>) -> Result<PoolId, Error> {
        call!(self, Ask::PoolNew(target), Pooled)
    }

    pub(crate) fn pool_get(mut self, id: &PoolId) -> Result<Box<dyn Tunnel>, Error> {
        call!(self, Ask::PoolGet(id), Tunnel)
    }

    pub(crate) fn connect(mut self, target: Target<'_>) -> Result<Box<dyn Tunnel>, Error> {
        call!(self, Ask::Connect(target), Tunnel)
    }

    /// Cancels a `keep_alive` that waits. Returns whether it did wait, and could be cancelled.
    pub(crate) fn cancelled_keep_alive(&mut self) -> bool {
        call!(self, Ask::Cancelled, Cancelled)
    }

    /// The METHODs of `socks5a::Session`.
    pub(crate) fn methods(&mut self) -> Option<Vec<u8>> {
        call!(self, Ask::Methods, Methods)
    }

    pub(crate) fn shown(&mut self) -> String {
        call!(self, Ask::Debug, Debug)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// The calls of a client, whose futures `$run` runs, and whose streams `$blocked` makes blocking.
/// `$once` polls a future once.
macro_rules! client {
    ($opened:expr, $run:path, $once:path, $blocked:expr) => {{
        use $crate::fronts::client::{Answer, Ask, Client, boxed, methods};
        let mut client = Some($opened?);
        let calls = move |ask: Ask<'_>| {
            if let Ask::Connect(target) = ask {
                let tunnel = $run(client.take().expect("it is open").connect(target));
                return Answer::Tunnel(tunnel.map($blocked).map(boxed));
            }
            if let Ask::PoolGet(id) = ask {
                let tunnel = $run(client.take().expect("it is open").pool_get(id));
                return Answer::Tunnel(tunnel.map($blocked).map(boxed));
            }
            let client = client.as_mut().expect("it is open");
            match ask {
                Ask::KeepAlive => Answer::Kept($run(client.keep_alive())),
                Ask::Resolve(host) => Answer::Resolved($run(client.resolve(host))),
                Ask::PoolNew(target) => Answer::Pooled($run(client.pool_new(target))),
                Ask::Cancelled => Answer::Cancelled($once(|| client.keep_alive())),
                Ask::Methods => Answer::Methods(methods(client.session())),
                Ask::Debug => Answer::Debug(format!("{client:?}")),
                Ask::Connect(_) | Ask::PoolGet(_) => unreachable!("answered above"),
            }
        };
        Ok(Client(Box::new(calls)))
    }};
}
pub(crate) use client;

pub(crate) fn boxed<T: Tunnel + 'static>(tunnel: T) -> Box<dyn Tunnel> {
    Box::new(tunnel)
}

#[cfg(feature = "socks5a")]
pub(crate) fn methods(session: Option<&anysocks::socks5a::Session>) -> Option<Vec<u8>> {
    session.map(|session| session.methods().to_vec())
}

#[cfg(not(feature = "socks5a"))]
pub(crate) fn methods(session: Option<&()>) -> Option<Vec<u8>> {
    session.map(|()| Vec::new())
}

/// A call that blocks can't be cancelled.
pub(crate) fn never<T>(_: impl FnOnce() -> T) -> bool {
    false
}

#[cfg(feature = "tokio")]
pub(crate) fn once_on_tokio<F: Future>(work: impl FnOnce() -> F) -> bool {
    use crate::support::blocked::{OnTokio, once};
    OnTokio::run(async { once(work()).is_pending() })
}

#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) fn once_on_async_io<F: Future>(work: impl FnOnce() -> F) -> bool {
    use crate::support::blocked::{OnAsyncIo, once};
    OnAsyncIo::run(async { once(work()).is_pending() })
}
