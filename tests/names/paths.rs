//! The ways on which a name goes to a proxy, is looked up by this machine, or is refused.

use crate::fronts::{FRONTS, Front};
use crate::scene::chain;
use crate::ways::{WAYS, Way};
use anysocks::udp::{HEADROOM, Options, Relay, SendBatch};
use anysocks::{Address, Chain, Error, ErrorKind, Invalid, Proxy, Resolve};
use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

pub(crate) type Outcome = Result<(), Box<dyn StdError>>;

/// A front end, and the proxy that grants everything.
pub(crate) struct Scene {
    pub(crate) front: &'static Front,
    pub(crate) way: &'static Way,
    pub(crate) proxy: SocketAddr,
}

impl Scene {
    fn v4(&self) -> Proxy {
        Proxy::socks4(self.proxy).expect("a proxy")
    }

    fn v5(&self) -> Proxy {
        Proxy::socks5(self.proxy).expect("a proxy")
    }

    fn locally(&self) -> Proxy {
        self.v5().resolve(Resolve::Locally)
    }

    /// The same proxy by a name.
    fn named(&self, name: &str) -> Proxy {
        Proxy::socks5((name, self.proxy.port())).expect("a proxy")
    }

    /// The proxy's relay has this name.
    fn relay(&self, name: &str, resolve: Resolve, relay: Relay) -> Proxy {
        let proxy = self.v5().resolve(resolve).udp(Options::new().relay(relay));
        proxy.password(name, "").expect("a user name")
    }

    fn behind(&self) -> Chain {
        chain([self.v5(), Proxy::socks5("192.0.2.1:1080").expect("a proxy")])
    }
}

/// What it is called, and what is done with a name.
pub(crate) type Path = (&'static str, fn(&Scene, &str) -> Outcome);

/// Each name goes to the proxy.
pub(crate) const BY_PROXY: &[Path] = &[
    ("connect5", |at, name| done((at.front.connect5)(&at.v5(), &http(name)))),
    ("connect4", |at, name| done((at.front.connect4)(&at.v4(), &http(name)))),
    ("bind5", |at, name| done((at.front.bind5)(&at.v5(), &http(name)))),
    ("bind4", |at, name| done((at.front.bind4)(&at.v4(), &http(name)))),
    ("early5", |at, name| done((at.way.connect5_with)(&at.v5(), &http(name), b"first"))),
    ("early4", |at, name| done((at.way.connect4_with)(&at.v4(), &http(name), b"first"))),
    ("lookup", |at, name| done((at.way.resolve)(&at.v5(), name))),
    ("lookup-locally", |at, name| done((at.way.resolve)(&at.locally(), name))),
    ("send-to", |at, name| sent((at.front.associate)(&at.v5())?.send_to(b"1", &http(name)))),
    ("try-send-to", |at, name| {
        let socket = (at.front.associate)(&at.v5())?;
        sent(once_ready(|| socket.try_send_to(b"1", &http(name))))
    }),
    ("fragments", |at, name| sent((at.front.associate)(&at.v5())?.send_fragmented(b"1", &http(name), 1))),
    ("in-place", |at, name| {
        sent((at.front.associate)(&at.v5())?.send_in_place(&mut [0; HEADROOM + 1], &http(name)))
    }),
    ("batch", |at, name| {
        let mut batch = SendBatch::new();
        batch.push(b"1", &*http(name))?;
        sent((at.front.associate)(&at.v5())?.send_batch(&mut batch))
    }),
    ("relay", |at, name| {
        for relay in [Relay::Told, Relay::AsIs] {
            let error = (at.front.associate)(&at.relay(name, Resolve::ByProxy, relay)).expect_err("no relay");
            assert!(matches!(error.kind(), ErrorKind::NoRelay { .. }), "{error:?}");
        }
        let proxy = at.relay(name, Resolve::ByProxy, Relay::ProxyAddress);
        sent((at.front.associate)(&proxy)?.send_to(b"1", &http(name)))
    }),
    ("send", |at, name| {
        let socket = (at.front.associate)(&at.v5())?;
        socket.connect(&http(name))?;
        sent(socket.send(b"1"))
    }),
    ("connector", |at, name| done((at.way.new)(at.v5().into()).connect(&http(name)))),
    ("connector4", |at, name| done((at.way.new)(at.v4().into()).connect(&http(name)))),
    ("connector-bind", |at, name| done((at.way.new)(at.v5().into()).bind(&http(name)))),
    ("connector-lookup", |at, name| done((at.way.new)(at.v5().into()).resolve(name))),
    ("connector-udp", |at, name| sent((at.way.new)(at.v5().into()).associate()?.send_to(b"1", &http(name)))),
    ("exceptions", |at, name| {
        let connector = (at.way.new)(at.v5().into()).no_proxy("x.example, 127.0.0.0/8, 10.0.0.1");
        done(connector.connect(&http(name)))
    }),
    ("environment", |at, name| done((at.way.from_env)()?.connect(&http(name)))),
    ("rule", |at, name| {
        let proxy = at.v5();
        done((at.way.by_rule)(Box::new(move |_| Some(proxy.clone()))).connect(&http(name)))
    }),
    ("chain", |at, name| done((at.way.new)(at.behind()).connect(&http(name)))),
    ("chain-bind", |at, name| done((at.way.new)(at.behind()).bind(&http(name)))),
    ("chain-lookup", |at, name| done((at.way.new)(at.behind()).resolve(name))),
    ("hop", |at, name| {
        let hops = chain([at.v5(), at.named(name).resolve(Resolve::Locally)]);
        done((at.way.new)(hops).connect("192.0.2.7:80"))
    }),
];

/// This machine looks each name up.
pub(crate) const LOCALLY: &[Path] = &[
    ("connect5", |at, name| done((at.front.connect5)(&at.locally(), &http(name)))),
    ("connect4", |at, name| done((at.front.connect4)(&at.v4().resolve(Resolve::Locally), &http(name)))),
    ("bind5", |at, name| done((at.front.bind5)(&at.locally(), &http(name)))),
    ("proxy", |at, name| done((at.front.connect5)(&at.named(name), "192.0.2.7:80"))),
    ("associate", |at, name| done((at.front.associate)(&at.named(name)))),
    ("relay", |at, name| done((at.front.associate)(&at.relay(name, Resolve::Locally, Relay::Told)))),
    ("relay-by", |at, name| {
        let own = name.to_owned();
        let by = Relay::by(move |told, _| Address::Name(own.clone().into_bytes().into(), told.port()));
        done((at.front.associate)(&at.v5().udp(Options::new().relay(by))))
    }),
    ("send-to", |at, name| sent((at.front.associate)(&at.locally())?.send_to(b"1", &http(name)))),
    ("connector-lookup", |at, name| done((at.way.new)(at.locally().into()).resolve(name))),
    ("direct-lookup", |at, name| done((at.way.direct)().resolve(name))),
    ("direct", |at, name| {
        let target = format!("{name}:{}", at.proxy.port());
        done((at.way.direct)().connect(&target))
    }),
    ("rule", |at, name| {
        let target = format!("{name}:{}", at.proxy.port());
        done((at.way.by_rule)(Box::new(|_| None)).connect(&target))
    }),
    ("exceptions", |at, name| {
        let target = format!("{name}:{}", at.proxy.port());
        done((at.way.new)(at.v5().into()).no_proxy("*").connect(&target))
    }),
    ("chain", |at, name| {
        let last = Proxy::socks5("192.0.2.1:1080")?.resolve(Resolve::Locally);
        done((at.way.new)(chain([at.v5(), last])).connect(&http(name)))
    }),
    ("hop", |at, name| done((at.way.new)(chain([at.locally(), at.named(name)])).connect("192.0.2.7:80"))),
];

/// Each is tried with an onion service.
pub(crate) const REFUSED: &[Path] = LOCALLY;

pub(crate) fn is_refused(outcome: &Outcome) -> bool {
    let Err(error) = outcome else { return false };
    let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let error = error.downcast_ref::<Error>().or_else(|| inside?.downcast_ref());
    error.is_some_and(|error| matches!(error.kind(), ErrorKind::Invalid(Invalid::OnionResolvedLocally)))
}

/// The front ends with the name of each path on each.
pub(crate) fn everywhere(
    paths: &'static [Path],
    zone: &str,
) -> impl Iterator<Item = (&'static Front, &'static Way, Path, String)> {
    FRONTS.iter().zip(WAYS).flat_map(move |(front, way)| {
        paths.iter().map(move |path| {
            let name = format!("{}.{}.{zone}", path.0, front.name);
            (front, way, *path, name)
        })
    })
}

fn http(name: &str) -> String {
    format!("{name}:80")
}

fn done<T, E: Into<Box<dyn StdError>>>(done: Result<T, E>) -> Outcome {
    done.map(|_| ()).map_err(Into::into)
}

/// An event loop may not have seen yet that a new socket is writable. The test's limit ends the
/// loop.
fn once_ready<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(1));
            }
            done => return done,
        }
    }
}

fn sent(sent: io::Result<usize>) -> Outcome {
    assert_eq!(sent?, 1);
    Ok(())
}
