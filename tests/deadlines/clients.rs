//! The calls of SOCKS5a: a client of several requests, and `KEEP_ALIVE` of an association.

use crate::fronts::client::Opened;
use crate::messages::Speaks;
use crate::proxies::never_ready;
use crate::scene::{TARGET, chain};
use crate::{At, LIMIT, LONG, Late};
use anysocks::socks5a::Sequence;
use anysocks::{Auth, Credentials, PoolId, Proxy, Stage, Target};
use std::net::SocketAddr;

/// A sequence whose only METHOD the proxy may leave out.
fn auth() -> Auth {
    let credentials = Credentials::new("user", "password").expect("short ones");
    let sequence = Sequence::new().optionally(credentials).expect("one METHOD");
    sequence.auth().expect("a METHOD")
}

fn v5a(addr: SocketAddr) -> Proxy {
    At::v5(addr).auth(auth()).expect("a proxy of SOCKS5")
}

/// Opens a client, for one more call.
fn open(at: &At, proxy: &Proxy) -> Opened {
    let client = (at.front.client)(proxy)?;
    at.begin();
    Ok(client)
}

fn target() -> Target<'static> {
    TARGET.try_into().expect("a target")
}

pub(crate) const CALLS: &[Late] = &[
    Late::new("a client of a dead address", Stage::Dial, |at| {
        (at.front.client)(&v5a(at.peers.dead)).map(drop)
    }),
    Late::new("a client, no METHOD selection", Stage::MethodSelection, |at| {
        (at.front.client)(&v5a(at.peers.silent)).map(drop)
    }),
    Late::new("a client, half a METHOD selection", Stage::MethodSelection, |at| {
        (at.front.client)(&v5a(at.peers.half_selection)).map(drop)
    }),
    Late::new("a connector's client of a dead address", Stage::Dial, |at| {
        (at.way.new)(v5a(at.peers.dead).into()).client().map(drop)
    }),
    Late::new("a connector's client, by a chain's timeout", Stage::MethodSelection, |at| {
        let first = Speaks::Socks4.at(at.peers.silent_second).timeout(LONG);
        let second = "192.0.2.2:1080".parse().expect("an address");
        let hops = chain([first, v5a(second).timeout(LONG)]).timeout(LIMIT);
        (at.way.new)(hops).client().map(drop)
    })
    .of_hop(2),
    Late::new("a wrapper that never ends: client", Stage::Dial, |at| {
        (at.way.wrapped)(v5a(at.peers.silent).into(), never_ready()).client().map(drop)
    }),
    Late::new("keep_alive, no reply", Stage::Request, |at| open(at, &v5a(at.peers.sequence))?.keep_alive()),
    Late::new("keep_alive, a trickled reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence_trickle))?.keep_alive()
    }),
    Late::new("a client's resolve, no reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence))?.resolve("example.com").map(drop)
    }),
    Late::new("a client's resolve, a trickled reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence_trickle))?.resolve("example.com").map(drop)
    }),
    Late::new("pool_new, no reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence))?.pool_new(target()).map(drop)
    }),
    Late::new("pool_new, a trickled reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence_trickle))?.pool_new(target()).map(drop)
    }),
    Late::new("pool_get, no reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence))?.pool_get(&PoolId::new(b"id")?).map(drop)
    }),
    Late::new("pool_get, a trickled reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence_trickle))?.pool_get(&PoolId::new(b"id")?).map(drop)
    }),
    Late::new("a client's connect, no reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence))?.connect(target()).map(drop)
    }),
    Late::new("a client's connect, a trickled reply", Stage::Request, |at| {
        open(at, &v5a(at.peers.sequence_trickle))?.connect(target()).map(drop)
    }),
    Late::new("a connector's client, no reply", Stage::Request, |at| {
        let mut client = (at.way.new)(v5a(at.peers.sequence).into()).client()?;
        at.begin();
        client.keep_alive()
    }),
    Late::new("keep_alive of an association, no reply", Stage::Request, |at| {
        let socket = (at.front.associate)(&v5a(at.peers.sequence_associating))?;
        at.begin();
        socket.keep_alive()
    }),
];

#[cfg(target_os = "linux")]
pub(crate) const NAMES: &[Late] = &[
    Late::new("a client by name", Stage::Resolve, |at| {
        let proxy = Proxy::socks5((&*at.name, 1080)).and_then(|proxy| proxy.auth(auth()));
        (at.front.client)(&proxy.expect("a proxy").timeout(LIMIT)).map(drop)
    }),
    Late::new("the target's name of a client", Stage::Resolve, |at| {
        let proxy = v5a(at.peers.sequence).resolve(anysocks::Resolve::Locally);
        let target = (&*at.name, 80).try_into().expect("a target");
        open(at, &proxy)?.connect(target).map(drop)
    }),
    Late::new("the name of a connection in the pool", Stage::Resolve, |at| {
        let proxy = v5a(at.peers.sequence).resolve(anysocks::Resolve::Locally);
        let target = (&*at.name, 80).try_into().expect("a target");
        open(at, &proxy)?.pool_new(target).map(drop)
    }),
];
