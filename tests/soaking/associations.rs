//! Associations that send and receive now and then, and are closed while calls wait.

use crate::Load;
use crate::dice::Dice;
use crate::fronts::{AsyncStd, Front, Smol, Tokio, within};
use crate::tally::Event;
use anysocks::Proxy;
use anysocks::blocking::Socks5UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How many a thread of the blocking front end has.
const OF_A_THREAD: usize = 50;
const TARGET: &str = "192.0.2.1:53";

pub(crate) fn start(runtime: &Runtime, load: &Arc<Load>, count: usize) {
    let each = count / 4;
    for n in 0..each {
        Tokio::spawn(runtime, keep::<Tokio>(Arc::clone(load), Dice::new(3 * n as u64 + 7_000)));
        Smol::spawn(runtime, keep::<Smol>(Arc::clone(load), Dice::new(3 * n as u64 + 7_001)));
        AsyncStd::spawn(runtime, keep::<AsyncStd>(Arc::clone(load), Dice::new(3 * n as u64 + 7_002)));
    }
    for n in 0..each / OF_A_THREAD {
        let (load, dice) = (Arc::clone(load), Dice::new(u64::MAX / 3 + n as u64));
        thread::spawn(move || keep_blocking(&load, dice));
    }
}

fn proxy(load: &Load) -> Proxy {
    Proxy::socks5(load.addresses.honest).expect("a proxy").timeout(Duration::from_secs(60))
}

async fn keep<F: Front>(load: Arc<Load>, mut dice: Dice) {
    F::sleep(dice.within(load.longest / 2)).await;
    while Instant::now() < load.end {
        let left = || load.end.saturating_duration_since(Instant::now());
        let closed_at = Instant::now() + dice.within(load.longest).min(left());
        let socket = F::associate(proxy(&load)).await;
        let socket = socket.unwrap_or_else(|error| panic!("{}: {error}", F::NAME));
        load.tally.count(F::NAME, Event::Associated);
        let mut buf = vec![0; 1500];
        while Instant::now() < closed_at {
            let payload = vec![dice.byte(); dice.below(1200)];
            let exchange = async {
                F::send_to(&socket, &payload, TARGET).await?;
                F::recv_from(&socket, &mut buf).await
            };
            // Half of the calls wait for nothing, and are cancelled.
            if let Some(Ok(_)) = within::<F, _>(Duration::from_secs(2), exchange).await {
                load.tally.count(F::NAME, Event::Echoed);
            }
            let pause = dice.within(Duration::from_secs(5)).min(left());
            let _ = within::<F, _>(pause, F::recv_from(&socket, &mut buf)).await;
        }
    }
}

/// Replaces one after the other.
fn keep_blocking(load: &Load, mut dice: Dice) {
    let mut sockets: Vec<Socks5UdpSocket> = Vec::new();
    let mut buf = [0; 1500];
    while Instant::now() < load.end {
        let is_full = sockets.len() == OF_A_THREAD;
        if is_full {
            sockets.swap_remove(dice.below(OF_A_THREAD));
        }
        let socket = Socks5UdpSocket::associate(proxy(load));
        let socket = socket.unwrap_or_else(|error| panic!("blocking: {error}"));
        socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
        sockets.push(socket);
        load.tally.count("blocking", Event::Associated);
        if !is_full {
            continue;
        }
        for _ in 0..4 {
            let Some(socket) = sockets.get(dice.below(sockets.len().max(1))) else { continue };
            let payload = [dice.byte(); 100];
            if socket.send_to(&payload, TARGET).and_then(|_| socket.recv_from(&mut buf)).is_ok() {
                load.tally.count("blocking", Event::Echoed);
            }
        }
        thread::sleep(dice.within(Duration::from_secs(1)));
    }
}
