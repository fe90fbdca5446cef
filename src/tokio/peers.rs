//! The peers of an endpoint, for relays that do not report the source of a packet.
//!
//! Only the connection ID of such a packet identifies its sender, and most IDs are negotiated in
//! encrypted packets. So quinn receives the packet once for each peer. A connection drops a packet
//! from another address than its peer's before it decrypts anything.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The maximum number of peers that a packet is copied for.
const MOST_PEERS: usize = 32;

/// The peers that an endpoint has sent to. A socket without an endpoint has no table.
#[derive(Default)]
pub(crate) struct Peers(OnceLock<Box<Mutex<Table>>>);

#[derive(Default)]
struct Table {
    latest_first: VecDeque<SocketAddr>,
    /// The last packet whose source is no peer, and the peers that still need a copy of it.
    packet: Vec<u8>,
    others: Vec<SocketAddr>,
}

impl Peers {
    /// Records the destination of a packet.
    pub(crate) fn sent(&self, to: SocketAddr) {
        let mut table = self.table();
        let peers = &mut table.latest_first;
        if peers.front() == Some(&to) {
            return;
        }
        peers.retain(|peer| *peer != to);
        peers.truncate(MOST_PEERS - 1);
        peers.push_front(to);
    }

    /// Returns the source for quinn: the reported source if it is a peer, else the latest peer. In
    /// the second case [`copy`](Self::copy) has the packet for the other peers.
    pub(crate) fn source(&self, named: Option<SocketAddr>, packet: &[u8]) -> Option<SocketAddr> {
        let Table { latest_first, packet: kept, others } = &mut *self.table();
        if named.is_some_and(|named| latest_first.contains(&named)) {
            return named;
        }
        let mut peers = latest_first.iter().copied();
        let first = peers.next();
        others.clear();
        others.extend(peers);
        if !others.is_empty() {
            kept.clear();
            kept.extend_from_slice(packet);
        }
        first.or(named)
    }

    /// Copies the last packet for the next peer. Returns its length and that peer.
    pub(crate) fn copy(&self, buf: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let Table { packet, others, .. } = &mut *self.table();
        let peer = others.pop()?;
        let len = packet.len().min(buf.len());
        buf[..len].copy_from_slice(&packet[..len]);
        Some((len, peer))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peers").field(&self.table().latest_first).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(number: u16) -> SocketAddr {
        ([192, 0, 2, 1], number).into()
    }

    /// Returns the peers that receive a packet.
    fn receivers(peers: &Peers, named: Option<u16>) -> Vec<u16> {
        let mut all: Vec<_> = peers.source(named.map(addr), b"packet").into_iter().collect();
        let mut buf = [0; 9];
        while let Some((len, peer)) = peers.copy(&mut buf) {
            assert_eq!(buf[..len], *b"packet");
            all.push(peer);
        }
        all.iter().map(SocketAddr::port).collect()
    }

    #[test]
    fn each_peer_receives_a_packet_without_a_known_source() {
        let peers = Peers::default();
        assert_eq!(receivers(&peers, None), [0; 0]);
        assert_eq!(receivers(&peers, Some(9)), [9]);
        peers.sent(addr(1));
        peers.sent(addr(1));
        for named in [None, Some(1), Some(9)] {
            assert_eq!(receivers(&peers, named), [1]);
        }
        for number in [2, 3, 1] {
            peers.sent(addr(number));
        }
        for named in [None, Some(9)] {
            let mut all = receivers(&peers, named);
            assert_eq!(all[0], 1, "the latest peer comes first");
            all.sort_unstable();
            assert_eq!(all, [1, 2, 3]);
        }
        assert_eq!(receivers(&peers, Some(2)), [2]);
    }

    #[test]
    fn a_copy_is_truncated_like_a_packet() {
        let peers = Peers::default();
        peers.sent(addr(1));
        peers.sent(addr(2));
        assert_eq!(peers.source(None, b"packet"), Some(addr(2)));
        let mut buf = [0; 4];
        assert_eq!(peers.copy(&mut buf), Some((4, addr(1))));
        assert_eq!(buf, *b"pack");
        assert_eq!(peers.copy(&mut buf), None);
    }

    #[test]
    fn the_peers_are_bounded() {
        let peers = Peers::default();
        for number in 1..=100 {
            peers.sent(addr(number));
        }
        let mut all = receivers(&peers, None);
        all.sort_unstable();
        assert_eq!(all, (69..=100).collect::<Vec<_>>());
    }
}
