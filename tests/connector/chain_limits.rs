//! The limit of a chain that has several, or none; and that nothing goes on beyond it.

use super::messages::Speaks;
use super::scene::{BEHIND, Lonely, behind, chain, error, serving};
use super::ways::{at_once, everywhere};
use crate::support::case::Case;
use crate::support::clock::assert_on_time;
use anysocks::{Chain, Proxy, Resolve, Stage};
use std::io::{Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Proxies that are not dialled, each with its own timeout.
fn limited(limits: &[Option<Duration>]) -> Chain {
    let kinds = vec![Speaks::Socks5; limits.len()];
    let hops = behind(SocketAddr::from(([127, 0, 0, 1], 1080)), &kinds);
    chain(hops.hops().iter().cloned().zip(limits).map(|(proxy, limit)| proxy.timeout(*limit)))
}

#[test]
fn the_sum_unless_it_is_said() {
    let (one, two, most) = (Some(millis(100)), Some(millis(250)), Some(Duration::MAX));
    let zero = Some(Duration::ZERO);
    for (own, sum) in [
        (&[one][..], one),
        (&[None], None),
        (&[zero], zero),
        (&[one, two], Some(millis(350))),
        (&[one, one, two], Some(millis(450))),
        (&[zero, one], one),
        (&[one, None], None),
        (&[None, one, one], None),
        (&[None, None], None),
        (&[one, most], most),
        (&[most, most, most], most),
    ] {
        let _case = Case::new(format!("{own:?}"));
        assert_eq!(limited(own).limit(), sum);
        for said in [one, two, zero, most] {
            assert_eq!(limited(own).timeout(said).limit(), said);
            // None takes it back.
            assert_eq!(limited(own).timeout(said).timeout(None).limit(), sum);
        }
        // A later proxy counts too, but does not override an explicit timeout.
        let third = || -> Proxy { Speaks::Socks5.at(BEHIND[1].parse::<SocketAddr>().expect("an address")) };
        let more = limited(own).then(third().timeout(two)).expect("a chain");
        assert_eq!(more.limit(), sum.and_then(|sum| Some(sum.saturating_add(two?))));
        let more = limited(own).timeout(one).then(third()).expect("a chain");
        assert_eq!(more.limit(), one);
    }
    let chain: Chain = "socks5h://one, socks4a://two".parse().expect("a chain");
    let defaults: Option<Duration> = chain.hops().iter().map(Proxy::limit).sum();
    assert_eq!(chain.limit(), defaults);
}

/// Two proxies that think this long before they answer; the second one refuses.
fn thoughtful(thought: Duration) -> SocketAddr {
    serving(move |mut client| {
        let mut thinks = |reply: &[u8]| {
            client.read_exact(&mut [0; 3]).ok()?;
            client.write_all(&[5, 0]).ok()?;
            client.read(&mut [0; 100]).ok().filter(|n| *n > 0)?;
            thread::sleep(thought);
            client.write_all(reply).ok()
        };
        let _ =
            thinks(&Speaks::Socks5.granted(super::BOUND)).and_then(|()| thinks(&Speaks::Socks5.refused()));
    })
}

/// Each address of the target would take 2 s, and the proxies have 2.6 s together.
#[test]
fn all_addresses_together_have_the_time_of_all_proxies() {
    if ("localhost", 80).to_socket_addrs().expect("a resolver").count() < 2 {
        return;
    }
    let addr = thoughtful(millis(1000));
    let limit = millis(2600);
    let own = |chain: &Chain, limit: Option<Duration>| {
        let [first, last] = [0, 1].map(|n| chain.hops()[n].clone().timeout(limit));
        super::scene::chain([first, last.resolve(Resolve::Locally)])
    };
    at_once(|way| {
        let hops = behind(addr, &[Speaks::Socks5; 2]);
        for chain in [own(&hops, Some(limit / 2)), own(&hops, Some(millis(20_000))).timeout(limit)] {
            let _case = Case::new(format!("{chain:?}"));
            let started = Instant::now();
            let late = error((way.new)(chain).connect("localhost:80"));
            assert_on_time(started, limit);
            assert!(late.is_timeout() && late.stage() == Stage::Request, "{late:?}");
        }
    });
}

/// No lookup of this machine's ends so soon.
#[test]
fn a_lookup_of_this_machines_has_them_too() {
    let short = Duration::from_nanos(1);
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let proxy = || Speaks::Socks5.at(addr).resolve(Resolve::Locally);
        let second = || {
            let second = Speaks::Socks5.at(BEHIND[0].parse::<SocketAddr>().expect("an address"));
            second.resolve(Resolve::Locally)
        };
        for (n, (chain, hop)) in [
            (Chain::from(proxy().timeout(short)), None),
            (Chain::from(proxy()).timeout(short), None),
            (chain([proxy(), second().timeout(short)]), Some(2)),
            (chain([proxy(), second()]).timeout(short), Some(2)),
            (chain([proxy().timeout(None), second().timeout(short)]).timeout(Duration::MAX), Some(2)),
        ]
        .into_iter()
        .enumerate()
        {
            let _case = Case::new(format!("{n}"));
            let url = chain.hops()[chain.hops().len() - 1].to_string();
            let late = error((way.new)(chain).resolve("localhost"));
            assert!(late.is_timeout(), "{late:?}");
            assert_eq!((late.stage(), late.hop(), late.proxy()), (Stage::Resolve, hop, Some(&*url)));
        }
        // It is the last proxy's turn, and it has time enough.
        let late_first = chain([proxy().timeout(short), second()]);
        assert!((way.new)(late_first).resolve("localhost").expect("an address").is_loopback());
        lonely.assert_alone();
    });
}
