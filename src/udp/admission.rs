//! The filter for received datagrams.

use super::batch::RecvBatch;
use super::hop::Layer;
use super::peer::Peer;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Target;
use crate::protocol::udp::datagram::Datagram;
use crate::protocol::udp::header::Header;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// The filter of an association, and its count of dropped datagrams.
pub(crate) struct Admission {
    state: RwLock<State>,
    /// Whether a connected socket receives datagrams from any source.
    pub(crate) any_source: bool,
    dropped: AtomicU64,
}

/// The state that a receive reads under the lock, so that it changes only between receives.
#[derive(Default)]
pub(super) struct State {
    /// On the heap, because its header has room for the longest name, and few sockets have a peer.
    peer: Option<Box<Peer>>,
    /// Whether coalescing was requested from the system.
    coalescing_requested: bool,
}

impl Admission {
    pub(super) fn new(any_source: bool) -> Self {
        Self { state: RwLock::default(), any_source, dropped: AtomicU64::new(0) }
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `coalesce` at the first call, while no datagram is being received.
    pub(super) fn coalesce_once(&self, coalesce: impl FnOnce()) {
        if self.state().coalescing_requested {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.coalescing_requested, true) {
            coalesce();
        }
    }

    /// Sets the peer: the target of `send`, and the only source that is admitted.
    pub(crate) fn connect(&self, target: Target<'static>) -> Result<(), Error> {
        let peer = Box::new(Peer::new(target)?);
        self.state.write().unwrap_or_else(PoisonError::into_inner).peer = Some(peer);
        Ok(())
    }

    /// Calls `send` with the header of datagrams to the peer.
    pub(crate) fn with_peer<T>(&self, send: impl FnOnce(&Header) -> io::Result<T>) -> io::Result<T> {
        match &self.state().peer {
            Some(peer) => send(peer.header()),
            None => Err(Error::from(Invalid::NotConnected).into()),
        }
    }

    pub(super) fn peer(&self) -> Option<Target<'static>> {
        self.state().peer.as_ref().map(|peer| peer.target().clone())
    }

    /// Parses a raw datagram under the lock of a receive. Returns `None` and counts the datagram if
    /// it is malformed, a fragment, or not from the peer.
    pub(super) fn admit_by<'a>(&self, state: &State, raw: &'a [u8]) -> Option<Datagram<'a>> {
        let admitted = Datagram::parse(raw)
            .ok()
            .filter(|datagram| datagram.fragment == 0 && self.is_source_admitted_by(state, datagram));
        if admitted.is_none() {
            self.count_dropped(1);
        }
        admitted
    }

    /// Removes the datagrams that are not admitted from the batch, and the headers of these layers
    /// from the others.
    pub(super) fn admit_batch(&self, layers: &[Layer], batch: &mut RecvBatch) {
        let received = batch.len();
        let state = self.state();
        batch.retain_within(|raw| {
            let inner = within(layers, raw)?;
            let datagram = Datagram::parse(inner).ok()?;
            let is_admitted = datagram.fragment == 0 && self.is_source_admitted_by(&state, &datagram);
            is_admitted.then_some(raw.len() - inner.len())
        });
        self.count_dropped((received - batch.len()) as u64);
    }

    /// Returns whether a datagram or fragment may be from the peer.
    pub(super) fn is_source_admitted(&self, datagram: &Datagram<'_>) -> bool {
        self.is_source_admitted_by(&self.state(), datagram)
    }

    #[inline]
    fn is_source_admitted_by(&self, state: &State, datagram: &Datagram<'_>) -> bool {
        self.any_source || state.peer.as_ref().is_none_or(|peer| peer.matches(&datagram.source))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Counts datagrams that are not delivered to the caller.
    pub(crate) fn count_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
    }
}

/// Removes the headers of these layers. Returns `None` if one is malformed, a fragment's, or not
/// from the next relay.
fn within<'a>(layers: &[Layer], raw: &'a [u8]) -> Option<&'a [u8]> {
    layers.iter().try_fold(raw, |raw, layer| {
        let datagram = Datagram::parse(raw).ok()?;
        (datagram.fragment == 0 && layer.admits(&datagram.source)).then_some(datagram.payload)
    })
}
