//! Every call with a timeout, at every stage, on every front end: it fails with that stage, between
//! its deadline and a second later.

#[cfg(feature = "socks5a")]
#[path = "deadlines/clients.rs"]
mod clients;
#[path = "deadlines/delays.rs"]
mod delays;
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
use delays::Delays;
use fronts::{FRONTS, Front};
use peers::Peers;
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use support::case;
use support::left_out::left_out;
use ways::{WAYS, Way};

/// The timeout of every case. A busy machine reaches each stage long before.
const LIMIT: Duration = Duration::from_secs(2);
/// A timeout that must not decide.
const LONG: Duration = Duration::from_secs(60);
/// The longest time from the deadline to the end of a call, on a machine without other work.
const TOLERANCE: Duration = Duration::from_secs(1);

/// The longest delay of this machine that is added to [`TOLERANCE`].
const LONGEST_DELAY: Duration = Duration::from_secs(10);

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
    began: Cell<Instant>,
}

impl At<'_> {
    /// Starts the clock of the last call, if others precede it.
    fn begin(&self) {
        self.began.set(Instant::now());
    }

    fn v5(addr: SocketAddr) -> Proxy {
        Proxy::socks5(addr).expect("a proxy").timeout(LIMIT)
    }

    fn v4(addr: SocketAddr) -> Proxy {
        Proxy::socks4(addr).expect("a proxy").timeout(LIMIT)
    }
}

/// A call that has ended after its deadline: how long after, and its name.
type Ended = (Duration, String);

/// Makes all calls on all front ends at the same time.
fn at_once(table: &[&[Late]]) {
    let peers = Peers::start();
    let cases: Vec<_> = FRONTS
        .iter()
        .zip(WAYS)
        .flat_map(|(front, way)| {
            assert_eq!(front.name.replace('-', "_"), way.name);
            table.iter().copied().flatten().enumerate().map(move |(n, case)| (front, way, n, case))
        })
        .collect();
    let title = |(front, _, _, case): &(&Front, _, _, &Late)| format!("{}: {}", front.name, case.name);
    let (ended, delays) = (Mutex::new(Vec::new()), Delays::measure());
    case::at_once(&cases, title, |call| {
        let &(front, way, n, case) = call;
        let name = format!("{n}.{}.test", front.name);
        let at = At { front, way, peers: &peers, name, began: Instant::now().into() };
        let outcome = (case.call)(&at);
        let late = late(at.began.get(), outcome, case.stage, case.hop);
        ended.lock().expect("the list").push((late, title(call)));
    });
    let ended = ended.into_inner().expect("the list");
    assert_eq!(ended.len(), cases.len());
    assert_on_time(ended, delays);
}

/// Checks the error of a call that ends now. Returns how long after its deadline that is.
fn late(began: Instant, outcome: Result<(), Error>, stage: Stage, hop: Option<usize>) -> Duration {
    let elapsed = began.elapsed();
    let error = outcome.expect_err("a call that must time out");
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!((error.stage(), error.hop()), (stage, hop), "{error:?}");
    elapsed.checked_sub(LIMIT).unwrap_or_else(|| panic!("{elapsed:?} of {LIMIT:?}"))
}

/// Checks that no call ended later than [`TOLERANCE`] and the delay of this machine allow. Prints
/// how late each was. Later calls are left out if the machine stalled for [`LONGEST_DELAY`].
fn assert_on_time(mut ended: Vec<Ended>, delays: Delays) {
    let delay = delays.largest();
    ended.sort();
    for (late, call) in &ended {
        println!("{late:>12.1?} late: {call}");
    }
    println!("{delay:>12.1?} late: a thread that slept");
    let latest = TOLERANCE + delay.min(LONGEST_DELAY);
    let too_late: Vec<_> = ended.iter().filter(|(late, _)| *late > latest).collect();
    if !too_late.is_empty() && delay > LONGEST_DELAY {
        return left_out("deadlines", format_args!("the machine stalled for {delay:?}: {too_late:?}"));
    }
    assert!(too_late.is_empty(), "{too_late:?}, on a machine that wakes threads {delay:?} late");
}

#[test]
fn every_call_times_out() {
    at_once(&[
        proxies::TRICKLES,
        proxies::DEAD,
        proxies::SILENT,
        proxies::CHAINS,
        proxies::WRAPPED,
        proxies::EARLY_DATA,
        #[cfg(feature = "socks5a")]
        clients::CALLS,
    ]);
}
