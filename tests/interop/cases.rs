//! The cases, each for every server and front end that can do it.

use anysocks::Stage;

use crate::capabilities::{Capabilities, Failure, Lookups, Place};
use crate::destinations::{
    Destinations, GREETING, NAME, ONION_MALFORMED, ONION_UNKNOWN, UNRESOLVABLE, collected,
};
use crate::expectation::{Expected, one};
use crate::fronts::Front;
use crate::tunnel::Tunnel;

/// A connection through a proxy: its request, its outcome, and the use of it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) socks: Socks,
    pub(crate) way: Way,
    pub(crate) host: fn(&Capabilities) -> &'static str,
    pub(crate) port: fn(&Destinations) -> u16,
    pub(crate) expected: fn(&Capabilities) -> Expected,
    /// The stage at which a server closes the connection without a reply.
    pub(crate) hangs_up_at: Stage,
    pub(crate) talk: fn(&mut dyn Tunnel) -> Result<(), String>,
    /// Whether the server can do it.
    pub(crate) needs: fn(&Capabilities) -> bool,
}

/// The version, and for SOCKS5 what to log in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Socks {
    V4,
    V5(Login),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// As the server likes it: a password if it knows one.
    Usual,
    Nobody,
    /// By password alone.
    Right,
    Wrong,
    /// Both METHODs, and a right password.
    Either,
    PipelinedNobody,
    PipelinedRight,
    /// By an isolation token.
    Isolated,
}

/// How the proxy is given, and in which form the stream is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    /// `Resolve::Locally`.
    Locally,
    /// The proxy is named, not numbered.
    ByName,
    Url,
    /// `into_inner`.
    Inner,
    /// `into_split`.
    Halves,
    /// `connect_with_early_data`, and [`EARLY_DATA`].
    EarlyData,
    /// Through a connector, which wraps the stream in TLS if the server requires that.
    Connector,
}

const PLAIN: Case = Case {
    name: "v4",
    socks: Socks::V5(Login::Usual),
    way: Way::Plain,
    host: |_| "127.0.0.1",
    port: |destinations| destinations.echo,
    expected: |server| one(server.v4),
    hangs_up_at: Stage::Request,
    talk: ping,
    needs: |_| true,
};

const LOGIN: Case = Case { hangs_up_at: Stage::MethodSelection, ..PLAIN };

const NAMED: Case =
    Case { name: "name", host: |server| server.loopback_name, expected: |server| one(server.name), ..PLAIN };

const REFUSED: Case = Case {
    name: "refused",
    port: |destinations| destinations.closed,
    expected: |server| Err(vec![server.refused]),
    ..PLAIN
};

/// For what only Tor has.
const TOR: Case = Case { needs: |server| matches!(server.lookups, Lookups::Offline | Lookups::Tor), ..PLAIN };

/// For what goes on in the tunnel.
const TUNNEL: Case = Case { needs: |server| server.v4.is_ok(), ..PLAIN };

const SOCKS4: Case =
    Case { name: "socks4", socks: Socks::V4, expected: |server| one(server.socks4), ..PLAIN };

pub(crate) const CASES: [Case; 32] = [
    PLAIN,
    Case { name: "v6", host: |_| "::1", expected: |server| one(server.v6), ..PLAIN },
    NAMED,
    Case { name: "none", socks: Socks::V5(Login::Nobody), expected: |server| one(server.none), ..LOGIN },
    Case {
        name: "right_password",
        socks: Socks::V5(Login::Right),
        expected: |server| one(server.right_password),
        ..LOGIN
    },
    Case {
        name: "wrong_password",
        socks: Socks::V5(Login::Wrong),
        expected: |server| one(server.wrong_password),
        ..LOGIN
    },
    Case { name: "none_or_password", socks: Socks::V5(Login::Either), ..LOGIN },
    Case {
        name: "pipelined_none",
        socks: Socks::V5(Login::PipelinedNobody),
        expected: |server| one(server.none),
        needs: |server| server.pipelined && server.none == server.v4,
        ..LOGIN
    },
    Case {
        name: "pipelined_password",
        socks: Socks::V5(Login::PipelinedRight),
        expected: |server| one(server.right_password),
        needs: |server| server.pipelined && server.right_password == server.v4,
        ..LOGIN
    },
    SOCKS4,
    Case {
        name: "socks4a",
        host: |server| server.loopback_name,
        expected: |server| one(server.socks4a),
        ..SOCKS4
    },
    Case { name: "socks4_resolved_locally", host: |_| NAME, way: Way::Locally, ..SOCKS4 },
    REFUSED,
    Case {
        name: "refused_socks4",
        port: |destinations| destinations.closed,
        expected: |server| Err(vec![server.refused_socks4]),
        ..SOCKS4
    },
    Case {
        name: "unresolvable",
        host: |_| UNRESOLVABLE,
        expected: |server| Err(server.unresolvable.to_vec()),
        ..PLAIN
    },
    Case { name: "mebibyte", talk: mebibyte, ..TUNNEL },
    Case { name: "mebibyte_socks4", talk: mebibyte, needs: |server| server.socks4.is_ok(), ..SOCKS4 },
    Case { name: "mebibyte_split", way: Way::Halves, ..TUNNEL },
    Case {
        name: "destination_first",
        port: |destinations| destinations.greeter,
        talk: greeted,
        needs: |server| server.destination_first,
        ..PLAIN
    },
    // Whatever had been read too far would be lost here.
    Case {
        name: "into_inner",
        way: Way::Inner,
        port: |destinations| destinations.greeter,
        talk: greeted,
        needs: |server| server.destination_first,
        ..PLAIN
    },
    Case {
        name: "half_close",
        port: |destinations| destinations.collector,
        talk: half_closed,
        needs: |server| server.half_close,
        ..PLAIN
    },
    Case { name: "resolved_locally", host: |_| NAME, way: Way::Locally, ..PLAIN },
    Case { name: "proxy_by_name", way: Way::ByName, ..PLAIN },
    Case { name: "url", way: Way::Url, ..NAMED },
    Case {
        name: "early_data",
        way: Way::EarlyData,
        talk: answered,
        needs: |server| server.pipelined && server.v4.is_ok(),
        ..PLAIN
    },
    Case {
        name: "early_data_socks4",
        way: Way::EarlyData,
        talk: answered,
        needs: |server| server.pipelined && server.socks4.is_ok(),
        ..SOCKS4
    },
    Case { name: "connector", way: Way::Connector, ..NAMED },
    Case { name: "connector_socks4", way: Way::Connector, ..SOCKS4 },
    Case { name: "connector_refused", way: Way::Connector, ..REFUSED },
    Case { name: "isolated", socks: Socks::V5(Login::Isolated), ..TOR },
    Case {
        name: "onion_unknown",
        host: |_| ONION_UNKNOWN,
        expected: |_| Err(vec![Failure::Reply(0xf0)]),
        // Without a network, the name server is unreachable.
        needs: |server| server.lookups == Lookups::Tor,
        ..TOR
    },
    Case {
        name: "onion_malformed",
        host: |_| ONION_MALFORMED,
        expected: |_| Err(vec![Failure::Reply(0xf6)]),
        ..TOR
    },
];

impl Case {
    /// Whether there is anything to try at this place of the server with this front end.
    pub(crate) fn applies(&self, server: &Capabilities, place: Place, front: &Front) -> bool {
        let reachable = front.connects || place != Place::Unix;
        let passable = match self.way {
            Way::Plain | Way::Inner => true,
            // Of TLS only `dial` is the front end's.
            Way::Locally | Way::Url | Way::EarlyData => front.connects && place != Place::Tls,
            Way::Connector => front.routes.is_some(),
            // The machine's own name may have no IPv6 address.
            Way::ByName => front.connects && matches!(place, Place::V4 | Place::Tls),
            Way::Halves => front.halves.is_some() && place != Place::Tls,
        };
        reachable && passable && (self.needs)(server)
    }
}

/// The early data of [`Way::EarlyData`].
pub(crate) const EARLY_DATA: &[u8] = b"said before the answer";

pub(crate) fn answered(tunnel: &mut dyn Tunnel) -> Result<(), String> {
    let heard = tunnel.exchange(b"", Some(EARLY_DATA.len())).map_err(|error| format!("echo: {error}"))?;
    same(&heard, EARLY_DATA)?;
    ping(tunnel)
}

fn ping(tunnel: &mut dyn Tunnel) -> Result<(), String> {
    echoed(tunnel, b"anysocks")
}

fn mebibyte(tunnel: &mut dyn Tunnel) -> Result<(), String> {
    echoed(tunnel, &pattern(MEBIBYTE))
}

pub(crate) fn greeted(tunnel: &mut dyn Tunnel) -> Result<(), String> {
    let heard = tunnel.exchange(b"", Some(GREETING.len())).map_err(|error| format!("greeting: {error}"))?;
    same(&heard, GREETING)?;
    ping(tunnel)
}

pub(crate) fn half_closed(tunnel: &mut dyn Tunnel) -> Result<(), String> {
    let bytes = pattern(100_000);
    tunnel.exchange(&bytes, Some(0)).map_err(|error| format!("before the half-close: {error}"))?;
    tunnel.finish().map_err(|error| format!("half-close: {error}"))?;
    let heard = tunnel.exchange(b"", None).map_err(|error| format!("after the half-close: {error}"))?;
    same(&heard, &collected(&bytes))
}

pub(crate) fn echoed(tunnel: &mut dyn Tunnel, bytes: &[u8]) -> Result<(), String> {
    let heard = tunnel.exchange(bytes, Some(bytes.len())).map_err(|error| format!("echo: {error}"))?;
    same(&heard, bytes)
}

pub(crate) const MEBIBYTE: usize = 1 << 20;

/// Bytes that look random and are the same each time (a xorshift generator), so that no shift of
/// them equals them.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[7]
    };
    (0..len).map(|_| next()).collect()
}

pub(crate) fn same(heard: &[u8], said: &[u8]) -> Result<(), String> {
    if heard == said {
        return Ok(());
    }
    let at = heard.iter().zip(said).take_while(|(heard, said)| heard == said).count();
    Err(format!("{} bytes for {}, and the first {at} are right", heard.len(), said.len()))
}
