//! Handshakes that are held open, and cancelled at random points.

use crate::Load;
use crate::dice::Dice;
use crate::fronts::{AsyncStd, Front, Smol, Tokio, within};
use crate::lateness::PATIENCE;
use crate::tally::Event;
use anysocks::{Chain, Proxy, Resolve};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A thread each.
const BLOCKING: usize = 400;
const STACK: usize = 256 << 10;

pub(crate) fn start(runtime: &Runtime, load: &Arc<Load>, count: usize) {
    let each = (count - BLOCKING) / 3;
    for n in 0..each {
        Tokio::spawn(runtime, keep::<Tokio>(Arc::clone(load), Dice::new(3 * n as u64)));
        Smol::spawn(runtime, keep::<Smol>(Arc::clone(load), Dice::new(3 * n as u64 + 1)));
        AsyncStd::spawn(runtime, keep::<AsyncStd>(Arc::clone(load), Dice::new(3 * n as u64 + 2)));
    }
    for n in 0..BLOCKING {
        let (load, dice) = (Arc::clone(load), Dice::new(u64::MAX / 2 + n as u64));
        let thread = thread::Builder::new().stack_size(STACK);
        thread.spawn(move || keep_blocking(&load, dice)).expect("a thread");
    }
}

/// The route, the timeout and the target of the next handshake.
fn next(load: &Load, dice: &mut Dice, lifetime: Duration) -> (Chain, Duration, &'static str) {
    let faulty = &load.addresses.faulty;
    let addr = if dice.one_in(16) { load.addresses.honest } else { faulty[dice.below(faulty.len())] };
    // Every fourth handshake ends by its own timeout.
    let timeout = if dice.one_in(4) { lifetime } else { Duration::from_secs(3600) };
    let proxy = match dice.below(4) {
        0 => Proxy::socks4(addr),
        1 => Proxy::socks5(addr).and_then(|proxy| proxy.password("user", "password")),
        _ => Proxy::socks5(addr),
    };
    let mut proxy = proxy.expect("a proxy").timeout(timeout);
    let is_local = dice.one_in(16);
    if is_local {
        proxy = proxy.resolve(Resolve::Locally);
    }
    let mut chain = Chain::from(proxy);
    if dice.one_in(8) {
        let second = SocketAddr::from(([192, 0, 2, 1], 1080));
        let second = Proxy::socks5(second).expect("a proxy").timeout(Duration::from_secs(3600));
        chain = chain.then(second).expect("a chain").timeout(timeout);
    }
    (chain, timeout, if is_local { "localhost:7" } else { "example.com:80" })
}

/// Most handshakes are kept for long. Some are cancelled at once.
fn lifetime(load: &Load, dice: &mut Dice) -> Duration {
    let longest = if dice.one_in(8) { Duration::from_millis(5) } else { load.longest };
    dice.within(longest).min(load.end.saturating_duration_since(Instant::now()))
}

async fn keep<F: Front>(load: Arc<Load>, mut dice: Dice) {
    F::sleep(dice.within(load.longest / 2)).await;
    while Instant::now() < load.end {
        let (lifetime, began) = (lifetime(&load, &mut dice), Instant::now());
        let (chain, timeout, target) = next(&load, &mut dice, lifetime);
        // A call that ends by its own timeout is not cancelled.
        let has_timeout = timeout == lifetime;
        let patience = if has_timeout { lifetime + PATIENCE } else { lifetime };
        let Some(outcome) = within::<F, _>(patience, F::connect(chain, target)).await else {
            assert!(!has_timeout, "{}: a call goes on {PATIENCE:?} after its {timeout:?}", F::NAME);
            load.tally.count(F::NAME, Event::Cancelled);
            continue;
        };
        match &outcome {
            Ok(_) => load.tally.count(F::NAME, Event::Connected),
            Err(error) => {
                load.tally.count(F::NAME, Event::Failed);
                load.lateness.record(F::NAME, began, timeout, error);
            }
        }
        // A connected stream is kept for as long, and a failed handshake is not repeated at once.
        F::sleep(lifetime.saturating_sub(began.elapsed())).await;
        drop(outcome);
    }
}

/// The same, but a blocking call can't be cancelled: it ends by its timeout.
fn keep_blocking(load: &Load, mut dice: Dice) {
    thread::sleep(dice.within(load.longest / 2));
    while Instant::now() < load.end {
        let (lifetime, began) = (lifetime(load, &mut dice), Instant::now());
        let (chain, _, target) = next(load, &mut dice, lifetime);
        let outcome = anysocks::blocking::Connector::new(chain.timeout(lifetime)).connect(target);
        match &outcome {
            Ok(_) => load.tally.count("blocking", Event::Connected),
            Err(error) => {
                load.tally.count("blocking", Event::Failed);
                load.lateness.record("blocking", began, lifetime, error);
            }
        }
        thread::sleep(lifetime.saturating_sub(began.elapsed()));
        drop(outcome);
    }
}
