//! Every call with a timeout, at every stage, on every front end: it ends at its deadline, with
//! that stage.

mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[cfg(target_os = "linux")]
#[path = "deadlines/names.rs"]
mod names;
#[cfg(target_os = "linux")]
#[path = "support/namespace.rs"]
mod namespace;
#[cfg(any(feature = "hyper", feature = "quinn"))]
#[path = "deadlines/on_tokio.rs"]
mod on_tokio;
#[path = "deadlines/peers.rs"]
mod peers;
#[path = "deadlines/proxies.rs"]
mod proxies;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::{Error, Proxy, Stage};
use fronts::{FRONTS, Front};
use peers::Peers;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use support::case;
use support::clock::assert_on_time;
use ways::{WAYS, Way};

/// The timeout of every case. A busy machine reaches each stage long before.
const LIMIT: Duration = Duration::from_secs(2);
/// A timeout that must not decide.
const LONG: Duration = Duration::from_secs(60);

/// A call that reaches its deadline.
struct Late {
    name: &'static str,
    /// The stage of the error.
    stage: Stage,
    /// The number of the proxy that is late, in a chain.
    hop: Option<usize>,
    call: fn(&At) -> Result<(), Error>,
}

impl Late {
    const fn new(name: &'static str, stage: Stage, call: fn(&At) -> Result<(), Error>) -> Self {
        Self { name, stage, hop: None, call }
    }

    const fn of_hop(self, hop: usize) -> Self {
        Self { hop: Some(hop), ..self }
    }
}

/// Where a call is made.
struct At<'p> {
    front: &'static Front,
    way: &'static Way,
    peers: &'p Peers,
    /// A name that no other call uses.
    #[allow(dead_code, reason = "names are for Linux only")]
    name: String,
}

impl At<'_> {
    fn v5(addr: SocketAddr) -> Proxy {
        Proxy::socks5(addr).expect("a proxy").timeout(LIMIT)
    }

    fn v4(addr: SocketAddr) -> Proxy {
        Proxy::socks4(addr).expect("a proxy").timeout(LIMIT)
    }
}

/// Makes all calls on all front ends at the same time. Prints how late each was.
fn at_once(table: &[&[Late]]) {
    let peers = Peers::start();
    let late = Mutex::new(Vec::new());
    let cases: Vec<_> = FRONTS
        .iter()
        .zip(WAYS)
        .flat_map(|(front, way)| {
            assert_eq!(front.name.replace('-', "_"), way.name);
            table.iter().copied().flatten().enumerate().map(move |(n, case)| (front, way, n, case))
        })
        .collect();
    let name = |(front, _, _, case): &(&Front, _, _, &Late)| format!("{}: {}", front.name, case.name);
    case::at_once(&cases, name, |&(front, way, n, case)| {
        let at = At { front, way, peers: &peers, name: format!("{n}.{}.test", front.name) };
        let started = Instant::now();
        let error = (case.call)(&at).expect_err("a call that must time out");
        let elapsed = started.elapsed();
        assert_on_time(started, LIMIT);
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!((error.stage(), error.hop()), (case.stage, case.hop), "{error:?}");
        late.lock().expect("the list").push((elapsed.saturating_sub(LIMIT), front.name, case.name));
    });
    let mut late = late.into_inner().expect("the list");
    late.sort();
    for (by, front, case) in &late {
        println!("{by:>12.1?} late: {front}: {case}");
    }
    assert_eq!(late.len(), cases.len());
}

#[test]
fn are_kept() {
    at_once(&[
        proxies::TRICKLES,
        proxies::DEAD,
        proxies::SILENT,
        proxies::CHAINS,
        proxies::WRAPPED,
        proxies::EARLY_DATA,
    ]);
}
