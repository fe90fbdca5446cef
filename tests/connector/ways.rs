//! Connectors of every front end with the same few calls, for tests that are the same for all of
//! them.

#![allow(dead_code, unused_imports, reason = "each test crate, with each set of features, uses a part of it")]

#[path = "hooks.rs"]
pub(crate) mod hooks;

use crate::fronts::association::Association;
use crate::fronts::client;
use crate::fronts::listening::Listening;
use crate::support::blocked::{Executor, FuturesStream, OnAsyncIo, OnTokio, TokioStream, Tunnel};
use crate::support::case::{self, Case};
use crate::support::drivers::Opened;
use crate::support::script::Script;
use anysocks::{
    Chain, Error, Family, Health, Name, NoProxy, Proxy, Resolver, Resolving, SocksStream, Target, Upstreams,
};
use hooks::Hook;
use socket2::SockRef;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A setting of a connector.
pub(crate) enum Setting {
    Timeout(Option<Duration>),
    Family(Family),
    Nodelay(bool),
    Keepalive(Duration),
    LocalAddr(SocketAddr),
    Interface(&'static str),
    Mark(u32),
    Resolver(Box<dyn Resolver>),
    Hook(Box<SocketHook>),
}

type SocketHook = dyn Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync;

/// A resolver whose type is erased.
struct AnyResolver(Box<dyn Resolver>);

impl Resolver for AnyResolver {
    fn resolve<'r>(&'r self, name: &'r str) -> Resolving<'r> {
        self.0.resolve(name)
    }
}

/// A connector of some front end. The names are those of its own calls.
pub(crate) trait Connecting: Debug + Send + Sync {
    fn connect(&self, target: &str) -> Opened;
    fn connect_with_early_data(&self, target: &str, early_data: &[u8]) -> Opened;
    fn bind(&self, expected_peer: &str) -> Result<Box<dyn Listening>, Error>;
    fn resolve(&self, name: &str) -> Result<IpAddr, Error>;
    fn resolve_ptr(&self, ip: IpAddr) -> Result<Name, Error>;
    fn no_proxy(&self, list: &str) -> Box<dyn Connecting>;
    fn another(&self) -> Box<dyn Connecting>;
    fn associate(&self) -> Result<Box<dyn Association>, Error>;
    fn connect_to(&self, target: Target<'_>) -> Opened;
    fn bind_to(&self, expected_peer: Target<'_>) -> Result<Box<dyn Listening>, Error>;
    fn client(&self) -> client::Opened;
    fn health(&self) -> Vec<Health>;
    /// Returns a copy with this setting.
    fn set(&self, setting: Setting) -> Box<dyn Connecting>;
    fn check(&self) -> Result<(), Error>;
}

type Rule<C> = Box<dyn Fn(&Target<'_>) -> Option<C> + Send + Sync>;
pub(crate) type FallibleRule = Box<dyn Fn(&Target<'_>) -> Result<Option<Chain>, Error> + Send + Sync>;

/// Which way a wrapped connector goes.
pub(crate) enum Through {
    Chain(Chain),
    Nobody,
    Rule(Rule<Chain>),
    FallibleRule(FallibleRule),
}

impl<C: Into<Chain>> From<C> for Through {
    fn from(chain: C) -> Self {
        Self::Chain(chain.into())
    }
}

/// What a front end does: makes connectors, and connects without one.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) new: fn(Chain) -> Box<dyn Connecting>,
    pub(crate) direct: fn() -> Box<dyn Connecting>,
    pub(crate) by_rule: fn(Rule<Proxy>) -> Box<dyn Connecting>,
    pub(crate) by_rule_of_chains: fn(Rule<Chain>) -> Box<dyn Connecting>,
    pub(crate) by_rule_of_upstreams: fn(Rule<Upstreams>) -> Box<dyn Connecting>,
    pub(crate) any_of: fn(Upstreams) -> Result<Box<dyn Connecting>, Error>,
    pub(crate) by_fallible_rule: fn(FallibleRule) -> Box<dyn Connecting>,
    pub(crate) from_env: fn() -> Result<Box<dyn Connecting>, Error>,
    pub(crate) wrapped: fn(Through, Hook) -> Box<dyn Connecting>,
    /// `connect_with_early_data` of a connector that sends all bytes to the script instead of the
    /// dialled stream.
    pub(crate) over: fn(Chain, Script, &str, &[u8]) -> Opened,
    /// The same, of one that goes through no proxy.
    pub(crate) over_nothing: fn(Script, &str, &[u8]) -> Opened,
    /// `Socks5Stream::connect_with_early_data` and `Socks4Stream::connect_with_early_data`.
    pub(crate) connect5_with: fn(&Proxy, &str, &[u8]) -> Opened,
    pub(crate) connect4_with: fn(&Proxy, &str, &[u8]) -> Opened,
    /// `dial`; the stream is dropped.
    pub(crate) dial: fn(&Proxy) -> Result<(), Error>,
    /// `check` of one proxy.
    pub(crate) check: fn(&Proxy) -> Result<(), Error>,
    /// Tor's commands.
    pub(crate) resolve: fn(&Proxy, &str) -> Result<IpAddr, Error>,
    pub(crate) resolve_ptr: fn(&Proxy, IpAddr) -> Result<Name, Error>,
}

fn opened<S, V, F, T: Tunnel + 'static>(
    stream: Result<SocksStream<S, V, F>, Error>,
    blocked: impl FnOnce(SocksStream<S, V, F>) -> T,
) -> Opened {
    let stream = stream?;
    Ok((stream.bound_addr().clone(), Box::new(blocked(stream))))
}

/// What a call that blocks has come to.
fn done<T>(done: T) -> T {
    done
}

/// The calls that all connectors have.
macro_rules! calls {
    ($run:path, $once:path, $blocked:expr) => {
        fn connect(&self, target: &str) -> Opened {
            opened($run(self.connect(target)), $blocked)
        }

        fn connect_with_early_data(&self, target: &str, early_data: &[u8]) -> Opened {
            opened($run(self.connect_with_early_data(target, early_data)), $blocked)
        }

        fn bind(&self, expected_peer: &str) -> Result<Box<dyn Listening>, Error> {
            Ok(Box::new($run(self.bind(expected_peer))?))
        }

        fn resolve(&self, name: &str) -> Result<IpAddr, Error> {
            $run(self.resolve(name))
        }

        fn resolve_ptr(&self, ip: IpAddr) -> Result<Name, Error> {
            $run(self.resolve_ptr(ip))
        }

        fn no_proxy(&self, list: &str) -> Box<dyn Connecting> {
            Box::new(self.clone().no_proxy(NoProxy::new(list)))
        }

        fn another(&self) -> Box<dyn Connecting> {
            Box::new(self.clone())
        }

        fn associate(&self) -> Result<Box<dyn Association>, Error> {
            Ok(Box::new($run(self.associate())?))
        }

        fn connect_to(&self, target: Target<'_>) -> Opened {
            opened($run(self.connect(target)), $blocked)
        }

        fn bind_to(&self, expected_peer: Target<'_>) -> Result<Box<dyn Listening>, Error> {
            Ok(Box::new($run(self.bind(expected_peer))?))
        }

        fn client(&self) -> client::Opened {
            client::client!($run(self.client()), $run, $once, $blocked)
        }

        fn health(&self) -> Vec<Health> {
            self.health()
        }

        fn set(&self, setting: Setting) -> Box<dyn Connecting> {
            let connector = self.clone();
            Box::new(match setting {
                Setting::Timeout(timeout) => connector.timeout(timeout),
                Setting::Family(family) => connector.family(family),
                Setting::Nodelay(nodelay) => connector.nodelay(nodelay),
                Setting::Keepalive(after) => connector.keepalive(after),
                Setting::LocalAddr(addr) => connector.local_addr(addr),
                Setting::Interface(interface) => connector.interface(interface),
                Setting::Mark(mark) => connector.mark(mark),
                Setting::Resolver(resolver) => connector.resolver(AnyResolver(resolver)),
                Setting::Hook(hook) => connector.socket(hook),
            })
        }

        fn check(&self) -> Result<(), Error> {
            $run(self.check())
        }
    };
}

/// The calls of `anysocks::$front`, whose futures `$run` runs, whose streams `$blocked` makes
/// blocking, and whose hook returns `$wrapped`. `$once` polls a future once.
macro_rules! way {
    ($front:ident, $run:path, $once:path, $blocked:expr, $wrapped:expr) => {
        impl Connecting for anysocks::$front::Connector {
            calls!($run, $once, $blocked);
        }

        impl Connecting for anysocks::$front::WrappedConnector<hooks::$front::Wrapped> {
            calls!($run, $once, $blocked);
        }

        pub(super) const WAY: Way = Way {
            name: stringify!($front),
            new: |chain| Box::new(anysocks::$front::Connector::new(chain)),
            direct: || Box::new(anysocks::$front::Connector::direct()),
            by_rule: |rule| Box::new(anysocks::$front::Connector::by_rule(rule)),
            by_rule_of_chains: |rule| Box::new(anysocks::$front::Connector::by_rule(rule)),
            by_rule_of_upstreams: |rule| Box::new(anysocks::$front::Connector::by_rule(rule)),
            any_of: |upstreams| Ok(Box::new(anysocks::$front::Connector::any_of(upstreams)?)),
            by_fallible_rule: |rule| Box::new(anysocks::$front::Connector::by_rule(rule)),
            from_env: || Ok(Box::new(anysocks::$front::Connector::from_env()?)),
            wrapped: |through, hook| {
                let bare = match through {
                    Through::Chain(chain) => anysocks::$front::Connector::new(chain),
                    Through::Nobody => anysocks::$front::Connector::direct(),
                    Through::Rule(rule) => anysocks::$front::Connector::by_rule(rule),
                    Through::FallibleRule(rule) => anysocks::$front::Connector::by_rule(rule),
                };
                let wrap = move |stream, proxy: Option<&Proxy>| hooks::$front::wrap(stream, hook(proxy));
                Box::new(bare.wrapped(wrap))
            },
            over: |chain, script, target, early_data| {
                let over =
                    anysocks::$front::Connector::new(chain).wrapped(move |_, _| $wrapped(script.clone()));
                opened($run(over.connect_with_early_data(target, early_data)), $blocked)
            },
            over_nothing: |script, target, early_data| {
                let over =
                    anysocks::$front::Connector::direct().wrapped(move |_, _| $wrapped(script.clone()));
                opened($run(over.connect_with_early_data(target, early_data)), $blocked)
            },
            connect5_with: |proxy, target, early_data| {
                let stream =
                    anysocks::$front::Socks5Stream::connect_with_early_data(proxy, target, early_data);
                opened($run(stream), $blocked)
            },
            connect4_with: |proxy, target, early_data| {
                let stream =
                    anysocks::$front::Socks4Stream::connect_with_early_data(proxy, target, early_data);
                opened($run(stream), $blocked)
            },
            dial: |proxy| $run(anysocks::$front::dial(proxy)).map(drop),
            check: |proxy| $run(anysocks::$front::check(proxy)),
            resolve: |proxy, name| $run(anysocks::$front::resolve(proxy, name)),
            resolve_ptr: |proxy, ip| $run(anysocks::$front::resolve_ptr(proxy, ip)),
        };
    };
}

mod blocking {
    use super::*;
    way!(blocking, done, client::never, done, Ok);
}

#[cfg(feature = "tokio")]
mod tokio {
    use super::*;
    use std::future::ready;
    way!(tokio, OnTokio::run, client::once_on_tokio, TokioStream::<_, OnTokio>::new, |stream| ready(Ok(
        stream
    )));
}

#[cfg(feature = "smol")]
mod smol {
    use super::*;
    use std::future::ready;
    way!(smol, OnAsyncIo::run, client::once_on_async_io, FuturesStream::<_, OnAsyncIo>::new, |stream| ready(
        Ok(stream)
    ));
}

#[cfg(feature = "async-std")]
mod async_std {
    use super::*;
    use std::future::ready;
    way!(async_std, OnAsyncIo::run, client::once_on_async_io, FuturesStream::<_, OnAsyncIo>::new, |stream| {
        ready(Ok(stream))
    });
}

/// Those that are switched on.
pub(crate) const WAYS: &[Way] = &[
    blocking::WAY,
    #[cfg(feature = "tokio")]
    tokio::WAY,
    #[cfg(feature = "smol")]
    smol::WAY,
    #[cfg(feature = "async-std")]
    async_std::WAY,
];

/// Runs a check on every front end.
pub(crate) fn everywhere(check: impl Fn(&Way)) {
    for way in WAYS {
        let _case = Case::new(way.name);
        check(way);
    }
}

/// Runs a check on all of them at once, which then wait for the end of a limit together.
pub(crate) fn at_once(check: impl Fn(&Way) + Sync) {
    case::at_once(WAYS, |way| way.name.to_owned(), check);
}
