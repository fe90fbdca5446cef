//! The inner stream together with its pumps, for the asynchronous front ends.

use super::{Pumps, SocksStream};
use crate::protocol::frames::Outgoing;
use std::sync::MutexGuard;

impl<S, V, F> SocksStream<S, V, F> {
    /// Returns the inner stream, and the pump of what goes to it.
    pub(crate) fn writing(&mut self) -> (&mut S, Option<MutexGuard<'_, Outgoing>>) {
        (&mut self.inner, self.shared.as_ref().and_then(|shared| shared.outgoing()))
    }

    /// Returns the inner stream and both pumps, for a read.
    pub(crate) fn both(&mut self) -> (&mut S, Option<Pumps<'_>>) {
        (&mut self.inner, self.shared.as_ref().and_then(|shared| shared.pumps()))
    }
}
