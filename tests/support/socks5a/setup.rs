//! The configuration of a server.

use super::factor::Factor;
use super::fault::{Action, Fault, Point};
use super::record::{Kind, Timing};
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The accepted METHODs. The server selects the first one that the client offers.
    pub(crate) methods: Vec<u8>,
    /// The METHOD that the server selects, whether or not the client offers it.
    pub(crate) selects: Option<u8>,
    /// The METHODs that the client must offer, in this order.
    pub(crate) expects: Option<Vec<u8>>,
    /// The METHODs of the selections after X'82', as they are sent: the end, 00 or FF, included.
    pub(crate) sequence: Vec<u8>,
    pub(crate) eaf: Eaf,
    pub(crate) tol: Obfuscation,
    /// The user name and password of METHOD X'02'.
    pub(crate) credentials: (Vec<u8>, Vec<u8>),
    /// The names that `DNS_RESOLVE` knows.
    pub(crate) names: Vec<(Vec<u8>, IpAddr)>,
    /// The ATYPs that get reply 08.
    pub(crate) unsupported: Vec<u8>,
    /// Whether `KEEP_ALIVE`'s reply has an address.
    pub(crate) long_keep_alive: bool,
    pub(crate) target: Target,
    pub(crate) faults: Vec<Fault>,
}

/// EAF's side of the server.
#[derive(Clone, Debug)]
pub(crate) struct Eaf {
    pub(crate) psk: Vec<u8>,
    pub(crate) factor: Factor,
    /// The STATUS that the server answers with, whatever the client sends.
    pub(crate) status: Option<u8>,
    /// Whether a client must send key exchange parameters.
    pub(crate) requires_key_exchange: bool,
    /// The value of type 03.
    pub(crate) capabilities: Option<u32>,
    /// The value of type 05.
    pub(crate) parameters: Option<Vec<u8>>,
    /// Whether the Result has type 06 in a chain.
    pub(crate) chain_control: bool,
    /// The server's time, or that of the system.
    pub(crate) unix_time: Option<u64>,
    /// The server's X25519 secret, or a random one for each connection.
    pub(crate) secret: Option<[u8; 32]>,
    /// The challenge, or a random one for each connection.
    pub(crate) challenge: Option<Vec<u8>>,
}

/// TOL's side of the server.
#[derive(Clone, Debug)]
pub(crate) struct Obfuscation {
    /// The psk of TOL's own, for connections without EAF.
    pub(crate) psk: Vec<u8>,
    /// The TYPE that the server sends.
    pub(crate) kind: Kind,
    /// The timing that the server announces.
    pub(crate) timing: Timing,
    /// Whether the server waits as it announces.
    pub(crate) waits: bool,
    pub(crate) dummies: Dummies,
    /// The longest MESSAGE that the server sends.
    pub(crate) split: usize,
    /// The TYPE that the client must send.
    pub(crate) expects: Option<Kind>,
    /// Whether the client must wait before datagrams too.
    pub(crate) datagrams_wait: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dummies {
    None,
    /// So many before and behind each record, on streams, control connections and as datagrams.
    Everywhere(usize),
}

/// The target of each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Returns all bytes, and closes after the client has closed.
    Echo,
    /// Sends these bytes and closes.
    Sends(Vec<u8>),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            methods: vec![0x80, 0x81, 0x82, 0x02, 0x00],
            selects: None,
            expects: None,
            sequence: vec![0x80, 0x81, 0x00],
            eaf: Eaf::default(),
            tol: Obfuscation::default(),
            credentials: (b"user".into(), b"password".into()),
            names: Vec::new(),
            unsupported: Vec::new(),
            long_keep_alive: false,
            target: Target::Echo,
            faults: Vec::new(),
        }
    }
}

impl Default for Eaf {
    fn default() -> Self {
        Self {
            psk: (0x10..0x30).collect(),
            factor: Factor::Token(b"tok-123".into()),
            status: None,
            requires_key_exchange: false,
            capabilities: None,
            parameters: None,
            chain_control: true,
            unix_time: None,
            secret: None,
            challenge: None,
        }
    }
}

impl Default for Obfuscation {
    fn default() -> Self {
        Self {
            psk: (0x10..0x30).collect(),
            kind: Kind::None,
            timing: Timing::default(),
            waits: false,
            dummies: Dummies::None,
            split: 65_535,
            expects: None,
            datagrams_wait: false,
        }
    }
}

impl Setup {
    pub(crate) fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }

    /// The first value that `pick` finds among the faults.
    pub(crate) fn fault<'a, T>(&'a self, pick: impl FnMut(&'a Fault) -> Option<T>) -> Option<T> {
        self.faults.iter().find_map(pick)
    }

    pub(crate) fn action(&self, point: Point) -> Option<Action> {
        self.fault(|fault| match fault {
            Fault::At(at, action) if *at == point => Some(*action),
            _ => None,
        })
    }
}
