//! Which datagrams from the relay reach the caller.

use super::batch::RecvBatch;
use super::peer::Peer;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Target;
use crate::protocol::udp::datagram::Datagram;
use crate::protocol::udp::header::Header;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// The filter of an association, and the number of datagrams that it dropped.
pub(crate) struct Admission {
    state: RwLock<State>,
    /// Whether a connected socket receives datagrams from any source.
    pub(crate) any_source: bool,
    dropped: AtomicU64,
}

/// Changes only while no datagram is being received.
#[derive(Default)]
pub(super) struct State {
    peer: Option<Peer>,
    /// Whether the system was asked to join datagrams.
    asked_to_join: bool,
}

impl Admission {
    pub(super) fn new(any_source: bool) -> Self {
        Self { state: RwLock::default(), any_source, dropped: AtomicU64::new(0) }
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `join` the first time, while no datagram is being received.
    pub(super) fn join_once(&self, join: impl FnOnce()) {
        if self.state().asked_to_join {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.asked_to_join, true) {
            join();
        }
    }

    /// Sends to this target alone, and admits no datagrams from other sources.
    pub(crate) fn connect(&self, target: Target<'static>) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).peer = Some(Peer::new(target));
    }

    /// Calls `send` with the header for the peer.
    pub(crate) fn with_peer<T>(&self, send: impl FnOnce(&Header) -> io::Result<T>) -> io::Result<T> {
        match &self.state().peer {
            Some(peer) => send(peer.header()),
            None => Err(Error::from(Invalid::NotConnected).into()),
        }
    }

    pub(super) fn peer(&self) -> Option<Target<'static>> {
        self.state().peer.as_ref().map(|peer| peer.target().clone())
    }

    /// Parses a raw datagram. Returns `None`, and counts it, if it is malformed, a fragment, or not
    /// from the peer.
    pub(super) fn admit<'a>(&self, raw: &'a [u8]) -> Option<Datagram<'a>> {
        self.admit_by(&self.state(), raw)
    }

    /// The same, while a datagram is received.
    pub(super) fn admit_by<'a>(&self, state: &State, raw: &'a [u8]) -> Option<Datagram<'a>> {
        let admitted = Datagram::parse(raw)
            .ok()
            .filter(|datagram| datagram.fragment == 0 && self.is_source_admitted_by(state, datagram));
        if admitted.is_none() {
            self.drop_datagrams(1);
        }
        admitted
    }

    /// Removes what is not admitted from the batch.
    pub(super) fn admit_batch(&self, batch: &mut RecvBatch) {
        let received = batch.len();
        let state = self.state();
        batch.retain(|raw| {
            Datagram::parse(raw)
                .is_ok_and(|datagram| datagram.fragment == 0 && self.is_source_admitted_by(&state, &datagram))
        });
        self.drop_datagrams((received - batch.len()) as u64);
    }

    /// Whether a datagram, or the fragment of one, may be from the peer.
    pub(super) fn is_source_admitted(&self, datagram: &Datagram<'_>) -> bool {
        self.is_source_admitted_by(&self.state(), datagram)
    }

    #[inline]
    fn is_source_admitted_by(&self, state: &State, datagram: &Datagram<'_>) -> bool {
        self.any_source || state.peer.as_ref().is_none_or(|peer| peer.may_be(&datagram.source))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Counts datagrams that do not reach the caller.
    pub(crate) fn drop_datagrams(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
    }
}
