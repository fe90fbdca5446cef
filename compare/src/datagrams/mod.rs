//! Datagrams through an association, by every call that a crate offers, and through a socket
//! without SOCKS.
//!
//! Client and relay take turns on one thread. The other end receives each batch before the next
//! one is sent. So no datagram is lost, no call waits, and the client's calls can be counted or
//! timed separately.

mod blocking;
mod datagram;
mod relay;
mod tokio;
#[cfg(test)]
pub(crate) mod unusual;
mod way;

pub(crate) use datagram::{BATCH, SIZES};
pub(crate) use way::{Role, Way};

/// What a way does; ways of one kind can be compared.
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

/// The ways of a kind, the bare socket first.
pub(crate) fn ways(kind: Kind) -> Vec<Way> {
    match kind {
        Kind::BlockingSend => blocking::send(),
        Kind::BlockingReceive => blocking::receive(),
        Kind::TokioSend => tokio::send(),
        Kind::TokioReceive => tokio::receive(),
    }
}
