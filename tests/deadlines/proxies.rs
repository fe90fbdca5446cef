//! The calls to proxies that are dead, silent or slow.

use crate::messages::Speaks;
use crate::peers::CHAIN;
use crate::scene::{TARGET, behind, chain};
use crate::ways::hooks::{Does, Hook};
use crate::{At, LIMIT, LONG, Late};
use anysocks::{Chain, Proxy, Stage};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const PEER: &str = "192.0.2.1:80";
const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// More than both socket buffers hold.
static EARLY_DATA_20_MB: [u8; 20_000_000] = [0; 20_000_000];

/// An answer whose bytes arrive one by one.
pub(crate) const TRICKLES: &[Late] = &[
    Late::new("half a METHOD selection", Stage::MethodSelection, |at| {
        (at.front.connect5)(&At::v5(at.peers.half_selection), TARGET)
    }),
    Late::new("half a status", Stage::Authentication, |at| {
        (at.front.connect5)(&Speaks::Password.at(at.peers.half_status).timeout(LIMIT), TARGET)
    }),
    Late::new("check, half a METHOD selection", Stage::MethodSelection, |at| {
        (at.way.check)(&At::v5(at.peers.half_selection))
    }),
    Late::new("a connector's check, half a status", Stage::Authentication, |at| {
        (at.way.new)(Speaks::Password.at(at.peers.half_status).timeout(LIMIT).into()).check()
    }),
    Late::new("a trickled reply", Stage::Request, |at| {
        (at.front.connect5)(&At::v5(at.peers.trickle5), TARGET)
    }),
    Late::new("a trickled SOCKS4 reply", Stage::Request, |at| {
        (at.front.connect4)(&At::v4(at.peers.trickle4), TARGET)
    }),
    Late::new("a trickled reply to BIND", Stage::Request, |at| {
        (at.front.bind5)(&At::v5(at.peers.trickle5), PEER).map(drop)
    }),
    Late::new("a trickled SOCKS4 reply to BIND", Stage::Request, |at| {
        (at.front.bind4)(&At::v4(at.peers.trickle4), PEER).map(drop)
    }),
    Late::new("a trickled second reply", Stage::SecondReply, |at| {
        let proxy = At::v5(at.peers.second5).timeout(LONG);
        let mut listener = (at.front.bind5)(&proxy, TARGET)?;
        at.begin();
        listener.accept_within(LIMIT).map(drop)
    }),
    Late::new("a trickled second SOCKS4 reply", Stage::SecondReply, |at| {
        let proxy = Speaks::Socks4.at(at.peers.second4).timeout(LONG);
        let mut listener = (at.front.bind4)(&proxy, TARGET)?;
        at.begin();
        listener.accept_within(LIMIT).map(drop)
    }),
    Late::new("a trickled reply to UDP ASSOCIATE", Stage::Request, |at| {
        (at.front.associate)(&At::v5(at.peers.trickle5)).map(drop)
    }),
    Late::new("a trickled reply to RESOLVE", Stage::Request, |at| {
        (at.way.resolve)(&At::v5(at.peers.trickle5), "example.com").map(drop)
    }),
    Late::new("a trickled reply to RESOLVE_PTR", Stage::Request, |at| {
        (at.way.resolve_ptr)(&At::v5(at.peers.trickle5), IP).map(drop)
    }),
];

/// 20 addresses that never accept.
fn twenty(dead: SocketAddr) -> Proxy {
    Proxy::socks5(vec![dead; 20]).expect("a proxy").timeout(LIMIT)
}

/// Addresses that never accept.
pub(crate) const DEAD: &[Late] = &[
    Late::new("dial of a dead address", Stage::Dial, |at| (at.way.dial)(&At::v5(at.peers.dead))),
    Late::new("dial of 20 dead addresses", Stage::Dial, |at| (at.way.dial)(&twenty(at.peers.dead))),
    Late::new("connect to 20 dead addresses", Stage::Dial, |at| {
        (at.front.connect5)(&twenty(at.peers.dead), TARGET)
    }),
    Late::new("SOCKS4 connect to a dead address", Stage::Dial, |at| {
        (at.front.connect4)(&At::v4(at.peers.dead), TARGET)
    }),
    Late::new("bind at a dead address", Stage::Dial, |at| {
        (at.front.bind5)(&At::v5(at.peers.dead), PEER).map(drop)
    }),
    Late::new("associate with 20 dead addresses", Stage::Dial, |at| {
        (at.front.associate)(&twenty(at.peers.dead)).map(drop)
    }),
    Late::new("resolve at a dead address", Stage::Dial, |at| {
        (at.way.resolve)(&At::v5(at.peers.dead), "example.com").map(drop)
    }),
    Late::new("check of a dead address", Stage::Dial, |at| (at.way.check)(&At::v4(at.peers.dead))),
    Late::new("a connector to 20 dead addresses", Stage::Dial, |at| {
        (at.way.new)(twenty(at.peers.dead).into()).connect(TARGET).map(drop)
    }),
];

/// Answers that never begin.
pub(crate) const SILENT: &[Late] = &[
    Late::new("connect, no METHOD selection", Stage::MethodSelection, |at| {
        (at.front.connect5)(&At::v5(at.peers.silent), TARGET)
    }),
    Late::new("SOCKS4 connect, no reply", Stage::Request, |at| {
        (at.front.connect4)(&At::v4(at.peers.silent), TARGET)
    }),
    Late::new("accept_within, no second reply", Stage::SecondReply, |at| {
        let proxy = At::v5(at.peers.bound).timeout(LONG);
        let mut listener = (at.front.bind5)(&proxy, TARGET)?;
        at.begin();
        listener.accept_within(LIMIT).map(drop)
    }),
    Late::new("bind, no reply", Stage::Request, |at| {
        (at.front.bind5)(&At::v5(at.peers.greeting), PEER).map(drop)
    }),
    Late::new("associate, no reply", Stage::Request, |at| {
        (at.front.associate)(&At::v5(at.peers.greeting)).map(drop)
    }),
    Late::new("resolve, no reply", Stage::Request, |at| {
        (at.way.resolve)(&At::v5(at.peers.greeting), "example.com").map(drop)
    }),
    Late::new("resolve_ptr, no reply", Stage::Request, |at| {
        (at.way.resolve_ptr)(&At::v5(at.peers.greeting), IP).map(drop)
    }),
    Late::new("a connector's associate, no reply", Stage::Request, |at| {
        (at.way.new)(At::v5(at.peers.greeting).into()).associate().map(drop)
    }),
];

/// The chain's timeout is the given one. Each proxy has its own.
fn limited(addr: SocketAddr, limits: [Option<Duration>; 3], all: Option<Duration>) -> Chain {
    let hops = behind(addr, &CHAIN);
    chain(hops.hops().iter().cloned().zip(limits).map(|(proxy, limit)| proxy.timeout(limit))).timeout(all)
}

/// Chains whose second proxy is late.
pub(crate) const CHAINS: &[Late] = &[
    Late::new("a chain, by its own timeout", Stage::MethodSelection, |at| {
        let chain = limited(at.peers.silent_second, [Some(LONG); 3], Some(LIMIT));
        (at.way.new)(chain).connect(TARGET).map(drop)
    })
    .of_hop(2),
    Late::new("a chain, by the hop's timeout", Stage::MethodSelection, |at| {
        let chain = limited(at.peers.silent_second, [Some(LONG), Some(LIMIT), Some(LONG)], Some(LONG));
        (at.way.new)(chain).connect(TARGET).map(drop)
    })
    .of_hop(2),
    Late::new("a chain, by the only timeout", Stage::MethodSelection, |at| {
        let chain = limited(at.peers.silent_second, [None, Some(LIMIT), None], None);
        (at.way.new)(chain).connect(TARGET).map(drop)
    })
    .of_hop(2),
    Late::new("check of a chain, by its own timeout", Stage::MethodSelection, |at| {
        let chain = limited(at.peers.silent_second, [Some(LONG); 3], Some(LIMIT));
        (at.way.new)(chain).check()
    })
    .of_hop(2),
    Late::new("a trickled reply in a chain, by its own timeout", Stage::Request, |at| {
        let chain = limited(at.peers.trickling_second, [None; 3], Some(LIMIT));
        (at.way.new)(chain).connect(TARGET).map(drop)
    })
    .of_hop(2),
    Late::new("a chain to a dead address, by its own timeout", Stage::Dial, |at| {
        let chain = limited(at.peers.dead, [Some(LONG); 3], Some(LIMIT));
        (at.way.new)(chain).connect(TARGET).map(drop)
    })
    .of_hop(1),
    Late::new("a chain to a dead address, by the hop's timeout", Stage::Dial, |at| {
        let chain = limited(at.peers.dead, [Some(LIMIT), Some(LONG), Some(LONG)], Some(LONG));
        (at.way.new)(chain).bind(PEER).map(drop)
    })
    .of_hop(1),
    Late::new("resolve through a chain", Stage::MethodSelection, |at| {
        let pair = chain([
            Speaks::Socks4.at(at.peers.silent_second),
            Speaks::Socks5.at("192.0.2.2:1080".parse::<SocketAddr>().expect("an address")),
        ]);
        (at.way.new)(pair.timeout(LIMIT)).resolve("example.com").map(drop)
    })
    .of_hop(2),
];

pub(crate) fn never_ready() -> Hook {
    Box::new(|_| Does::Wait)
}

fn mask() -> Hook {
    Box::new(|_| Does::Mask)
}

/// Connectors with a wrapper around the connection.
pub(crate) const WRAPPED: &[Late] = &[
    Late::new("a wrapper that never ends: connect", Stage::Dial, |at| {
        (at.way.wrapped)(At::v5(at.peers.silent).into(), never_ready()).connect(TARGET).map(drop)
    }),
    Late::new("a wrapper that never ends: bind", Stage::Dial, |at| {
        (at.way.wrapped)(At::v4(at.peers.silent).into(), never_ready()).bind(PEER).map(drop)
    }),
    Late::new("a wrapper that never ends: associate", Stage::Dial, |at| {
        (at.way.wrapped)(At::v5(at.peers.silent).into(), never_ready()).associate().map(drop)
    }),
    Late::new("a wrapper that never ends: resolve", Stage::Dial, |at| {
        (at.way.wrapped)(At::v5(at.peers.silent).into(), never_ready()).resolve("example.com").map(drop)
    }),
    Late::new("a wrapper that never ends: check", Stage::Dial, |at| {
        (at.way.wrapped)(At::v4(at.peers.silent).into(), never_ready()).check()
    }),
    Late::new("a wrapper that never ends: a chain", Stage::Dial, |at| {
        let chain = limited(at.peers.silent, [Some(LONG); 3], Some(LIMIT));
        (at.way.wrapped)(chain.into(), never_ready()).connect(TARGET).map(drop)
    })
    .of_hop(1),
    Late::new("wrapped, and no METHOD selection", Stage::MethodSelection, |at| {
        (at.way.wrapped)(At::v5(at.peers.silent).into(), mask()).connect(TARGET).map(drop)
    }),
    Late::new("wrapped, and 20 dead addresses", Stage::Dial, |at| {
        (at.way.wrapped)(twenty(at.peers.dead).into(), mask()).connect(TARGET).map(drop)
    }),
];

/// 20 MB of early data that the target never reads.
pub(crate) const EARLY_DATA: &[Late] = &[
    Late::new("early data", Stage::Request, |at| {
        (at.way.connect5_with)(&At::v5(at.peers.unread5), TARGET, &EARLY_DATA_20_MB).map(drop)
    }),
    Late::new("early data by SOCKS4", Stage::Request, |at| {
        let proxy = Speaks::Socks4.at(at.peers.unread4).timeout(LIMIT);
        (at.way.connect4_with)(&proxy, TARGET, &EARLY_DATA_20_MB).map(drop)
    }),
    Late::new("early data, and no reply", Stage::Request, |at| {
        (at.way.connect5_with)(&At::v5(at.peers.greeting), TARGET, &EARLY_DATA_20_MB).map(drop)
    }),
    Late::new("early data of a connector", Stage::Request, |at| {
        let connector = (at.way.new)(At::v5(at.peers.unread5).into());
        connector.connect_with_early_data(TARGET, &EARLY_DATA_20_MB).map(drop)
    }),
    Late::new("early data through a chain", Stage::Request, |at| {
        let hops = behind(at.peers.unread_chain, &CHAIN[..2]).timeout(LIMIT);
        (at.way.new)(hops).connect_with_early_data(TARGET, &EARLY_DATA_20_MB).map(drop)
    })
    .of_hop(2),
    Late::new("early data over a wrapped stream", Stage::Request, |at| {
        let connector = (at.way.wrapped)(At::v5(at.peers.unread_masked).into(), mask());
        connector.connect_with_early_data(TARGET, &EARLY_DATA_20_MB).map(drop)
    }),
];
