//! What each server does, and how it says that something failed.

use crate::servers::{
    DANTE, FAST_SOCKS5, FAST_SOCKS5_PASSWORD, MICROSOCKS, MICROSOCKS_PASSWORD, SHADOWSOCKS, SSH, STUNNEL,
    Server, TOR, V2RAY, V2RAY_PASSWORD,
};

/// How a server lets a client down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No METHOD is acceptable (05 FF).
    Method,
    /// This STATUS in answer to a user name and password.
    Status(u8),
    /// This code (SOCKS5: REP, SOCKS4: CD) in the reply to a request.
    Reply(u8),
    /// EOF or a reset in place of an answer.
    HangUp,
    /// A reply that the request is granted, and then EOF or a reset: it was sent before the destination was tried.
    AfterSuccess,
    /// These bytes, which are no answer in this protocol, and EOF.
    Alien(&'static [u8]),
}

pub(crate) type Outcome = Result<(), Failure>;

/// Where a server listens: a place each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    V4,
    V6,
    Unix,
    /// Over IPv4 too.
    Tls,
}

/// What a server tells of the address from which it reaches the destination.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// The address, of the destination's family.
    Real,
    /// Always this.
    Constant(&'static str),
    /// The address at which it speaks SOCKS.
    Own,
}

/// What to expect of a server.
///
/// Where [`crate::servers::Running`] has credentials, the outcomes are those of a client which offers user-pass only,
/// but for `none`. SOCKS4 has no password to offer.
#[derive(Clone, Copy)]
pub(crate) struct Capabilities {
    pub(crate) server: &'static Server,
    pub(crate) places: &'static [Place],
    /// CONNECT to an IPv4 address, an IPv6 address and a name.
    pub(crate) v4: Outcome,
    pub(crate) v6: Outcome,
    pub(crate) name: Outcome,
    /// SOCKS4 CONNECT to an IPv4 address, and to a name (4a).
    pub(crate) socks4: Outcome,
    pub(crate) socks4a: Outcome,
    /// The METHODs: only "none" is offered; only user-pass is, with a right pair; with a wrong pair. A client that
    /// offers both always gets in if its pair is right, also where there are no passwords.
    pub(crate) none: Outcome,
    pub(crate) right_password: Outcome,
    pub(crate) wrong_password: Outcome,
    /// CONNECT to a port where nobody listens, with SOCKS5 and SOCKS4, and to a name that does not exist (one of
    /// these).
    pub(crate) refused: Failure,
    pub(crate) refused_socks4: Failure,
    pub(crate) unresolvable: &'static [Failure],
    /// The end of the client's half leaves the other one whole.
    pub(crate) half_close: bool,
    /// Bytes that the destination sends unasked arrive.
    pub(crate) destination_first: bool,
    /// It takes messages that come together.
    pub(crate) pipelined: bool,
    /// BND of a grant with SOCKS5.
    pub(crate) bound: Bound,
    /// BIND, with SOCKS5 and SOCKS4.
    pub(crate) bind: Outcome,
    pub(crate) bind_socks4: Outcome,
    /// UDP ASSOCIATE.
    pub(crate) udp: Result<Relay, Failure>,
}

/// How a server relays datagrams.
#[derive(Clone, Copy)]
pub(crate) struct Relay {
    /// Those of the lengths tried that come back whole.
    pub(crate) payloads: &'static [usize],
    /// So many datagrams of 1,200 bytes may be under way.
    pub(crate) window: u32,
    /// What was sent to a name comes back from this name.
    pub(crate) tells_names: bool,
    /// It ends with the association. Otherwise it goes on for whoever sends it a datagram.
    pub(crate) ends: bool,
}

const DANTE_ROW: Capabilities = Capabilities {
    server: &DANTE,
    places: &[Place::V4, Place::V6],
    v4: Ok(()),
    v6: Ok(()),
    name: Ok(()),
    socks4: Ok(()),
    socks4a: Err(Failure::Reply(0x5b)),
    none: Ok(()),
    right_password: Ok(()),
    wrong_password: Err(Failure::Status(1)),
    refused: Failure::Reply(5),
    refused_socks4: Failure::Reply(0x5b),
    unresolvable: &[Failure::Reply(4)],
    half_close: true,
    destination_first: true,
    pipelined: true,
    bound: Bound::Real,
    bind: Ok(()),
    bind_socks4: Ok(()),
    udp: Ok(Relay { payloads: &[0, 1, 1200, 8000], window: 32, tells_names: false, ends: true }),
};

const MICROSOCKS_ROW: Capabilities = Capabilities {
    server: &MICROSOCKS,
    places: &[Place::V4],
    v4: Ok(()),
    v6: Ok(()),
    name: Ok(()),
    // It answers every greeting as if it were SOCKS5.
    socks4: Err(Failure::Alien(&[5, 0xff])),
    socks4a: Err(Failure::Alien(&[5, 0xff])),
    none: Ok(()),
    right_password: Err(Failure::Method),
    wrong_password: Err(Failure::Method),
    refused: Failure::Reply(5),
    refused_socks4: Failure::Alien(&[5, 0xff]),
    unresolvable: &[Failure::Reply(1)],
    half_close: false,
    destination_first: true,
    pipelined: false,
    bound: Bound::Constant("0.0.0.0:0"),
    bind: Err(Failure::Reply(7)),
    bind_socks4: Err(Failure::Alien(&[5, 0xff])),
    udp: Err(Failure::Reply(7)),
};

const FAST_SOCKS5_ROW: Capabilities = Capabilities {
    server: &FAST_SOCKS5,
    places: &[Place::V4],
    v4: Ok(()),
    v6: Ok(()),
    name: Ok(()),
    socks4: Err(Failure::HangUp),
    socks4a: Err(Failure::HangUp),
    none: Ok(()),
    right_password: Err(Failure::Method),
    wrong_password: Err(Failure::Method),
    refused: Failure::Reply(5),
    refused_socks4: Failure::HangUp,
    unresolvable: &[Failure::Reply(5)],
    half_close: true,
    destination_first: true,
    pipelined: true,
    bound: Bound::Constant("127.0.0.1:0"),
    bind: Err(Failure::Reply(7)),
    bind_socks4: Err(Failure::HangUp),
    udp: Ok(Relay { payloads: &[0, 1, 1200, 8000], window: 32, tells_names: false, ends: true }),
};

const V2RAY_ROW: Capabilities = Capabilities {
    server: &V2RAY,
    places: &[Place::V4],
    v4: Ok(()),
    v6: Ok(()),
    name: Ok(()),
    socks4: Ok(()),
    socks4a: Ok(()),
    none: Ok(()),
    right_password: Err(Failure::Method),
    wrong_password: Err(Failure::Method),
    refused: Failure::AfterSuccess,
    refused_socks4: Failure::AfterSuccess,
    unresolvable: &[Failure::AfterSuccess],
    // Of the client's end the destination hears nothing.
    half_close: false,
    destination_first: true,
    pipelined: true,
    bound: Bound::Own,
    bind: Err(Failure::Reply(7)),
    bind_socks4: Err(Failure::Reply(0x5b)),
    udp: Ok(Relay { payloads: &[1, 1200], window: 8, tells_names: true, ends: false }),
};

/// A row for each server.
pub(crate) const TABLE: [Capabilities; 11] = [
    DANTE_ROW,
    Capabilities { server: &STUNNEL, places: &[Place::Tls], ..DANTE_ROW },
    MICROSOCKS_ROW,
    Capabilities {
        server: &MICROSOCKS_PASSWORD,
        none: Err(Failure::Method),
        right_password: Ok(()),
        wrong_password: Err(Failure::Status(2)),
        ..MICROSOCKS_ROW
    },
    Capabilities {
        server: &SSH,
        places: &[Place::V4],
        v4: Ok(()),
        v6: Ok(()),
        name: Ok(()),
        socks4: Ok(()),
        socks4a: Ok(()),
        none: Ok(()),
        right_password: Err(Failure::HangUp),
        wrong_password: Err(Failure::HangUp),
        refused: Failure::HangUp,
        refused_socks4: Failure::HangUp,
        unresolvable: &[Failure::HangUp],
        half_close: true,
        destination_first: true,
        pipelined: true,
        bound: Bound::Constant("0.0.0.0:0"),
        bind: Err(Failure::HangUp),
        bind_socks4: Err(Failure::HangUp),
        udp: Err(Failure::HangUp),
    },
    Capabilities {
        server: &TOR,
        places: &[Place::V4, Place::Unix],
        // Without a network there are refusals only: loopback's at once.
        v4: Err(Failure::Reply(1)),
        v6: Err(Failure::Reply(1)),
        name: Err(Failure::Reply(1)),
        socks4: Err(Failure::Reply(0x5b)),
        socks4a: Err(Failure::Reply(0x5b)),
        none: Err(Failure::Reply(1)),
        right_password: Err(Failure::Reply(1)),
        wrong_password: Err(Failure::Reply(1)),
        refused: Failure::Reply(1),
        refused_socks4: Failure::Reply(0x5b),
        // After SocksTimeout; which of them, depends on what Tor tried last.
        unresolvable: &[Failure::Reply(6), Failure::Reply(1)],
        half_close: false,
        destination_first: false,
        pipelined: true,
        bound: Bound::Constant("0.0.0.0:0"),
        bind: Err(Failure::Reply(7)),
        bind_socks4: Err(Failure::Reply(0x5b)),
        udp: Err(Failure::Reply(7)),
    },
    Capabilities {
        server: &SHADOWSOCKS,
        places: &[Place::V4],
        v4: Ok(()),
        v6: Ok(()),
        name: Ok(()),
        socks4: Err(Failure::HangUp),
        socks4a: Err(Failure::HangUp),
        none: Ok(()),
        right_password: Err(Failure::Method),
        wrong_password: Err(Failure::Method),
        refused: Failure::AfterSuccess,
        refused_socks4: Failure::HangUp,
        unresolvable: &[Failure::AfterSuccess],
        half_close: false,
        destination_first: true,
        pipelined: true,
        bound: Bound::Constant("0.0.0.0:0"),
        bind: Err(Failure::Reply(7)),
        bind_socks4: Err(Failure::HangUp),
        udp: Ok(Relay { payloads: &[0, 1, 1200], window: 32, tells_names: false, ends: false }),
    },
    V2RAY_ROW,
    Capabilities {
        server: &V2RAY_PASSWORD,
        socks4: Err(Failure::Reply(0x5b)),
        socks4a: Err(Failure::Reply(0x5b)),
        refused_socks4: Failure::Reply(0x5b),
        none: Err(Failure::Method),
        right_password: Ok(()),
        wrong_password: Err(Failure::Status(0xff)),
        ..V2RAY_ROW
    },
    FAST_SOCKS5_ROW,
    Capabilities {
        server: &FAST_SOCKS5_PASSWORD,
        none: Err(Failure::Method),
        right_password: Ok(()),
        wrong_password: Err(Failure::Status(0xff)),
        ..FAST_SOCKS5_ROW
    },
];
