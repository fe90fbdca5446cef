//! Datagrams through an association, by every way that a crate offers, and through a socket without SOCKS.
//!
//! Client and relay take turns on one thread: a batch of datagrams goes one way and is taken out at the other end before the next one
//! goes. So nothing is lost, nobody waits, and the client's calls can be looked at alone.

mod blocking;
mod relay;
mod tokio;

use relay::Relay;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

/// How many datagrams go at a time. With the system's bookkeeping they have to fit into a socket's buffer.
pub(crate) const BATCH: u16 = 48;
/// The payloads: a small message, and what QUIC sends at first.
pub(crate) const SIZES: [usize; 2] = [64, LONGEST];
const LONGEST: usize = 1200;
static DATA: [u8; LONGEST] = [7; LONGEST];
/// What receives are given.
const ROOM: usize = 2048;

/// Where datagrams go, as far as the crates know.
const TARGET: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 7));
/// What stands before each of them: RSV, FRAG, ATYP, and the target.
const HEADER: &[u8] = &[0, 0, 0, 1, 192, 0, 2, 7, 0, 7];

/// What a way can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BlockingSend,
    BlockingReceive,
    TokioSend,
    TokioReceive,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] =
        [Self::BlockingSend, Self::BlockingReceive, Self::TokioSend, Self::TokioReceive];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::BlockingSend => "Send, blocking",
            Self::BlockingReceive => "Receive, blocking",
            Self::TokioSend => "Send, tokio",
            Self::TokioReceive => "Receive, tokio",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The connected socket that all are measured by.
    Bare,
    /// The same once more: what tells the two apart is noise.
    BareAgain,
    Ours,
    OurBatch,
    Rival,
    /// To be looked at.
    Aside,
}

/// A way to move datagrams.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    before: Box<dyn FnMut(usize)>,
    calls: Box<dyn FnMut(usize) -> Duration>,
    after: Box<dyn FnMut(usize)>,
}

impl Way {
    fn send(
        name: &'static str,
        role: Role,
        relay: Relay,
        calls: impl FnMut(usize) -> Duration + 'static,
    ) -> Self {
        let after = Box::new(move |size| relay.take(size));
        Self { name, role, before: Box::new(drop), calls: Box::new(calls), after }
    }

    fn receive(
        name: &'static str,
        role: Role,
        relay: Relay,
        calls: impl FnMut(usize) -> Duration + 'static,
    ) -> Self {
        let before = Box::new(move |size| relay.give(size));
        Self { name, role, before, calls: Box::new(calls), after: Box::new(drop) }
    }

    /// Moves a batch. `watch` gets what makes the client's calls, and nothing else, and says how long they took.
    pub(crate) fn go<T>(&mut self, size: usize, watch: impl FnOnce(&mut dyn FnMut() -> Duration) -> T) -> T {
        (self.before)(size);
        let watched = watch(&mut || (self.calls)(size));
        (self.after)(size);
        watched
    }
}

/// The ways of a kind, the bare socket first.
pub(crate) fn ways(kind: Kind) -> Vec<Way> {
    match kind {
        Kind::BlockingSend => blocking::send(),
        Kind::BlockingReceive => blocking::receive(),
        Kind::TokioSend => tokio::send(),
        Kind::TokioReceive => tokio::receive(),
    }
}

/// How long a batch takes, datagram by datagram.
fn each(mut call: impl FnMut()) -> Duration {
    all(|| (0..BATCH).for_each(|_| call()))
}

/// How long a batch takes that is moved at once.
fn all(call: impl FnOnce()) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}
