//! The capabilities of each server, and its replies to failures.

use crate::servers::Server;

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
    /// A grant, and then EOF or a reset: the server replied before it tried the destination.
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

/// The address from which a server connects to the destination, as the server reports it.
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
/// If [`crate::servers::Running`] has credentials, the outcomes are those of a client that offers
/// user-pass only, except `none`. SOCKS4 has no password.
#[derive(Clone, Copy)]
pub(crate) struct Capabilities {
    pub(crate) server: &'static Server,
    pub(crate) places: &'static [Place],
    /// CONNECT to an IPv4 address, an IPv6 address and a name.
    pub(crate) v4: Outcome,
    pub(crate) v6: Outcome,
    pub(crate) name: Outcome,
    /// A name that it resolves to a loopback address.
    pub(crate) loopback_name: &'static str,
    /// SOCKS4 CONNECT to an IPv4 address, and to a name (4a).
    pub(crate) socks4: Outcome,
    pub(crate) socks4a: Outcome,
    /// The METHODs: only "none" is offered; only user-pass, with a right pair; with a wrong pair.
    /// A client that offers both is always accepted if its pair is right, also by servers without
    /// passwords.
    pub(crate) none: Outcome,
    pub(crate) right_password: Outcome,
    pub(crate) wrong_password: Outcome,
    /// CONNECT to a port that refuses connections, with SOCKS5 and SOCKS4, and to a name that does
    /// not exist (one of these).
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
    /// RESOLVE and `RESOLVE_PTR`.
    pub(crate) lookups: Lookups,
}

/// What a server makes of Tor's commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookups {
    /// It supports none of them, and replies so with SOCKS5 and SOCKS4.
    Unknown(Failure, Failure),
    /// With SOCKS5 it takes them for CONNECT, and grants them with its own address.
    Granted,
    /// It is Tor, without a network.
    Offline,
    /// It is Tor.
    Tor,
}

/// How a server relays datagrams.
#[derive(Clone, Copy)]
pub(crate) struct Relay {
    /// Those of the lengths tried that come back whole.
    pub(crate) payloads: &'static [usize],
    /// So many datagrams of 1,200 bytes may be under way.
    pub(crate) window: u32,
    /// An answer to a datagram for a name has this name as its source.
    pub(crate) tells_names: bool,
    /// It ends with the association. Otherwise it continues for any sender.
    pub(crate) ends: bool,
}
