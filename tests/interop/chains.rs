//! Chains of real servers, with each dialling front end.

use std::sync::Arc;

use anysocks::forward::Forwarder;
use anysocks::{Chain, Error, Proxy, Stage, Target, Upstreams, tokio};
use libtest_mimic::{Completion, Failed, Trial};

use crate::association::Association;
use crate::bind::meet;
use crate::capabilities::{Failure, Place};
use crate::cases::{EARLY_DATA, Login, MEBIBYTE, answered, echoed, pattern};
use crate::destinations::NAME;
use crate::expectation::check_failure;
use crate::fronts::{Errand, FRONTS, Front, Routes, in_tokio};
use crate::lab::Lab;
use crate::programs;
use crate::servers::{
    DANTE, FAST_SOCKS5_PASSWORD, MICROSOCKS, MICROSOCKS_PASSWORD, SHADOWSOCKS, SSH, Server, V2RAY,
};
use crate::setting::Setting;
use crate::trials::{ipv6_loopback, lacking};
use crate::udp;

struct ChainCase {
    name: &'static str,
    hops: &'static [Hop],
    host: &'static str,
    act: Act,
}

/// How a proxy of the chain is given.
#[derive(Clone, Copy)]
enum Hop {
    V5(&'static Server),
    V4(&'static Server),
    /// By its name, which the one before it has to resolve.
    Named(&'static Server),
    WrongPassword(&'static Server),
    /// A port that refuses connections.
    Absent,
}
use Hop::{Absent, Named, V4, V5, WrongPassword};

#[derive(Clone, Copy)]
enum Act {
    Echo,
    EarlyData,
    Bind,
    /// Datagrams are echoed: one by one, and in batches.
    Datagrams,
    /// The same, by a client of a forwarder.
    Forwarded,
    /// The example gets a page.
    Http3,
    /// The hops are no chain: any of them may carry the connection, and the last one does.
    AnyOf,
    /// The target is a port that refuses connections. Returns how the hop with this number reports
    /// that it, or the next hop, is unreachable.
    Fail(usize, Failure),
}

const ECHO: ChainCase = ChainCase { name: "", hops: &[], host: "127.0.0.1", act: Act::Echo };

/// As with SOCKS5.
const REFUSED: Failure = Failure::Reply(5);

const DATAGRAMS: ChainCase = ChainCase { act: Act::Datagrams, ..ECHO };

const CASES: [ChainCase; 26] = [
    ChainCase { name: "ssh_dante", hops: &[V5(&SSH), V5(&DANTE)], ..ECHO },
    ChainCase {
        name: "dante_microsocks",
        hops: &[V5(&DANTE), V5(&MICROSOCKS_PASSWORD)],
        host: "::1",
        ..ECHO
    },
    ChainCase {
        name: "three_hops",
        hops: &[V5(&SSH), V5(&DANTE), V5(&FAST_SOCKS5_PASSWORD)],
        host: NAME,
        ..ECHO
    },
    ChainCase { name: "named_hop", hops: &[V5(&SSH), Named(&DANTE), Named(&MICROSOCKS)], host: NAME, ..ECHO },
    ChainCase { name: "socks4_first", hops: &[V4(&DANTE), V5(&MICROSOCKS)], host: NAME, ..ECHO },
    ChainCase { name: "socks4_last", hops: &[V5(&DANTE), V4(&V2RAY)], host: NAME, ..ECHO },
    ChainCase { name: "socks4_within", hops: &[V5(&MICROSOCKS), V4(&SSH), V5(&DANTE)], host: "::1", ..ECHO },
    ChainCase { name: "same_twice", hops: &[V5(&SSH), V5(&SSH)], ..ECHO },
    ChainCase { name: "early_data", hops: &[V5(&SSH), V5(&DANTE)], act: Act::EarlyData, ..ECHO },
    ChainCase {
        name: "early_data_socks4",
        hops: &[V5(&MICROSOCKS), V5(&SHADOWSOCKS), V4(&V2RAY)],
        act: Act::EarlyData,
        ..ECHO
    },
    ChainCase { name: "bind", hops: &[V5(&SSH), V5(&DANTE)], act: Act::Bind, ..ECHO },
    ChainCase { name: "bind_socks4", hops: &[V5(&MICROSOCKS), V4(&DANTE)], act: Act::Bind, ..ECHO },
    ChainCase {
        name: "udp_dante_behind_fast_socks5",
        hops: &[V5(&FAST_SOCKS5_PASSWORD), V5(&DANTE)],
        ..DATAGRAMS
    },
    ChainCase { name: "udp_v2ray_behind_dante", hops: &[V5(&DANTE), V5(&V2RAY)], ..DATAGRAMS },
    ChainCase {
        name: "udp_three_hops",
        hops: &[V5(&DANTE), V5(&FAST_SOCKS5_PASSWORD), V5(&V2RAY)],
        host: NAME,
        ..DATAGRAMS
    },
    ChainCase {
        name: "udp_named_hop",
        hops: &[V5(&FAST_SOCKS5_PASSWORD), Named(&DANTE)],
        host: NAME,
        ..DATAGRAMS
    },
    ChainCase {
        name: "udp_forwarder",
        hops: &[V5(&FAST_SOCKS5_PASSWORD), V5(&DANTE)],
        act: Act::Forwarded,
        ..ECHO
    },
    ChainCase {
        name: "http3_dante_behind_fast_socks5",
        hops: &[V5(&FAST_SOCKS5_PASSWORD), V5(&DANTE)],
        act: Act::Http3,
        ..ECHO
    },
    ChainCase { name: "http3_v2ray_behind_dante", hops: &[V5(&DANTE), V5(&V2RAY)], act: Act::Http3, ..ECHO },
    ChainCase {
        name: "any_of_dante",
        hops: &[Absent, WrongPassword(&MICROSOCKS_PASSWORD), V5(&DANTE)],
        host: NAME,
        act: Act::AnyOf,
    },
    ChainCase {
        name: "any_of_socks4",
        hops: &[WrongPassword(&FAST_SOCKS5_PASSWORD), V4(&V2RAY)],
        act: Act::AnyOf,
        ..ECHO
    },
    ChainCase { name: "second_refuses", hops: &[V5(&SSH), V5(&DANTE)], act: Act::Fail(2, REFUSED), ..ECHO },
    ChainCase {
        name: "third_refuses",
        hops: &[V5(&SSH), V5(&MICROSOCKS), V4(&DANTE)],
        act: Act::Fail(3, Failure::Reply(0x5b)),
        ..ECHO
    },
    ChainCase {
        name: "second_wants_another_password",
        hops: &[V5(&DANTE), WrongPassword(&MICROSOCKS_PASSWORD)],
        act: Act::Fail(2, Failure::Status(2)),
        ..ECHO
    },
    ChainCase {
        name: "second_is_absent",
        hops: &[V5(&DANTE), Absent, V5(&DANTE)],
        act: Act::Fail(1, REFUSED),
        ..ECHO
    },
    ChainCase {
        name: "third_is_absent",
        hops: &[V5(&DANTE), V5(&SSH), Absent],
        act: Act::Fail(2, Failure::HangUp),
        ..ECHO
    },
];

pub(crate) fn trials(lab: &Arc<Lab>) -> Vec<Trial> {
    let fronts = FRONTS.iter().filter_map(|front| Some((front, front.routes.as_ref()?)));
    let trials = fronts.flat_map(|(front, routes)| {
        let cases = CASES.iter().filter(|case| case.applies(front));
        cases.map(move |case| case.trial(lab, front, routes))
    });
    trials.collect()
}

impl ChainCase {
    /// A program does not differ between front ends.
    fn applies(&self, front: &Front) -> bool {
        !matches!(self.act, Act::Http3) || programs::is_first(front)
    }

    /// All clients share a relay's buffers.
    const fn is_alone(&self) -> bool {
        matches!(self.act, Act::Datagrams | Act::Forwarded)
    }

    fn trial(&'static self, lab: &Arc<Lab>, front: &'static Front, routes: &'static Routes) -> Trial {
        let lab = Arc::clone(lab);
        let servers = || self.hops.iter().filter_map(|hop| hop.server());
        let name = format!("chain::{}::{}", self.name, front.name);
        Trial::ignorable_test(name.clone(), move || {
            if let Err(reason) = ipv6_loopback().and_then(|()| servers().try_for_each(Server::available)) {
                return lacking(&reason);
            }
            let play = || self.play(&lab, front, routes);
            let played = if self.is_alone() { lab.alone(&name, play) } else { lab.together(&name, play) };
            played.map_err(|failure| self.with_logs(&lab, &failure))?;
            Ok(Completion::Completed)
        })
    }

    fn with_logs(&self, lab: &Lab, failure: &str) -> Failed {
        let servers = self.hops.iter().filter_map(|hop| lab.running(hop.server()?).ok());
        let logs: String = servers.map(|(_, running)| running.logs()).collect();
        format!("{failure}\n{logs}").into()
    }

    fn play(&self, lab: &Lab, front: &'static Front, routes: &Routes) -> Result<(), String> {
        if let Act::AnyOf = self.act {
            return self.play_any(lab, front, routes);
        }
        let chain = self.chain(lab, front)?;
        let destinations = lab.destinations()?;
        let port = if let Act::Fail(..) = self.act { destinations.closed } else { destinations.echo };
        let target = Target::try_from((self.host, port)).map_err(|error| told(&error))?;
        let early_data = if let Act::EarlyData = self.act { EARLY_DATA } else { &[] };
        match self.act {
            Act::Bind => {
                let mut listener = (routes.bind)(&chain, &target).map_err(|error| told(&error))?;
                return meet(&mut *listener);
            }
            Act::Datagrams => {
                let association = (routes.associate)(&chain).map_err(|error| told(&error))?;
                return datagrams(&*association, &target);
            }
            Act::Forwarded => {
                let started = in_tokio(Forwarder::start(tokio::Connector::new(chain)));
                let forwarder = started.and_then(|started| started).map_err(|error| error.to_string())?;
                let proxy: Proxy = forwarder.url().parse().map_err(|error| told(&error))?;
                let association = (routes.associate)(&proxy.into()).map_err(|error| told(&error))?;
                return datagrams(&*association, &target);
            }
            Act::Http3 => return programs::http3_through(&self.urls(lab, front)?),
            Act::Echo | Act::EarlyData | Act::AnyOf | Act::Fail(..) => {}
        }
        let errand = Errand { chain: &chain, target, early_data, tls: None };
        match ((routes.connect)(&errand), self.act) {
            (Err(error), Act::Fail(hop, says)) if error.hop() == Some(hop) => {
                check_failure(says, &error, Stage::Request)
            }
            (Ok(opened), Act::Fail(..)) => Err(format!("got a tunnel from {}", opened.bound)),
            (Ok(mut opened), Act::EarlyData) => answered(&mut *opened.tunnel),
            (Ok(mut opened), _) => echoed(&mut *opened.tunnel, &pattern(MEBIBYTE)),
            (Err(error), _) => Err(told(&error)),
        }
    }

    /// The last one carries the connection, after a failure of each of the others.
    fn play_any(&self, lab: &Lab, front: &'static Front, routes: &Routes) -> Result<(), String> {
        let proxies = self.hops.iter().map(|hop| hop.proxy(lab, front)).collect::<Result<Vec<_>, _>>()?;
        let upstreams = Upstreams::new(proxies).map_err(|error| told(&error))?;
        let target = (self.host, lab.destinations()?.echo);
        let target = Target::try_from(target).map_err(|error| told(&error))?;
        let opened = (routes.connect_any)(upstreams.clone(), &target);
        echoed(&mut *opened.map_err(|error| told(&error))?.tunnel, &pattern(MEBIBYTE))?;
        let failures: Vec<_> = upstreams.health().iter().map(|health| health.failures).collect();
        match failures.split_last() {
            Some((0, others)) if others.iter().all(|failures| *failures == 1) => Ok(()),
            _ => Err(format!("{:?}", upstreams.health())),
        }
    }

    /// The URLs of the proxies, with their passwords.
    fn urls(&self, lab: &Lab, front: &'static Front) -> Result<String, String> {
        let servers = self.hops.iter().filter_map(|hop| hop.server());
        let urls = servers.map(|server| {
            let (capabilities, running) = lab.running(server)?;
            Ok(programs::url(&Setting { lab, capabilities, running, place: Place::V4, front }))
        });
        Ok(urls.collect::<Result<Vec<_>, String>>()?.join(","))
    }

    fn chain(&self, lab: &Lab, front: &'static Front) -> Result<Chain, String> {
        let mut proxies = self.hops.iter().map(|hop| hop.proxy(lab, front));
        let first = proxies.next().ok_or("an empty chain")??;
        proxies.try_fold(first.into(), |chain: Chain, proxy| chain.then(proxy?).map_err(|error| told(&error)))
    }
}

impl Hop {
    fn server(self) -> Option<&'static Server> {
        match self {
            V5(server) | V4(server) | Named(server) | WrongPassword(server) => Some(server),
            Absent => None,
        }
    }

    fn proxy(self, lab: &Lab, front: &'static Front) -> Result<Proxy, String> {
        let Some(server) = self.server() else {
            let port = lab.destinations()?.closed;
            return Proxy::socks5(("127.0.0.1", port)).map_err(|error| told(&error));
        };
        let (capabilities, running) = lab.running(server)?;
        let setting = Setting { lab, capabilities, running, place: Place::V4, front };
        let proxy = match self {
            V4(_) => setting.socks4().map(|(proxy, _)| proxy),
            WrongPassword(_) => setting.socks5_by(Login::Wrong),
            Named(_) => setting.socks5_by_name(),
            V5(_) | Absent => setting.socks5().map(|(proxy, _)| proxy),
        };
        proxy.map_err(|error| told(&error))
    }
}

/// Datagrams of several lengths come back, and so do batches.
fn datagrams(association: &dyn Association, target: &Target<'_>) -> Result<(), String> {
    const ROUNDS: u32 = 20;
    /// As many as the smallest relay takes at once.
    const WINDOW: u32 = 8;
    for len in [1, 500, 1200] {
        udp::echoed(association, target, &pattern(len))?;
    }
    udp::batched(association, target, ROUNDS, WINDOW)?;
    if association.dropped() > 0 {
        return Err(format!("{} datagrams were dropped", association.dropped()));
    }
    Ok(())
}

fn told(error: &Error) -> String {
    format!("{error:?}: {error}")
}
