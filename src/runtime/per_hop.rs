//! One value for each proxy of a chain.

use std::iter;

/// One value for each proxy of a chain, in order. A single proxy needs no allocation.
#[derive(Debug)]
pub struct PerHop<T> {
    pub(crate) earlier: Box<[T]>,
    pub(crate) last: T,
}

impl<T> PerHop<T> {
    /// Returns the value of the proxy with this number, from 0. A number that is too high is the
    /// last proxy's.
    pub(crate) fn get(&self, hop: usize) -> &T {
        self.earlier.get(hop).unwrap_or(&self.last)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.earlier.iter().chain(iter::once(&self.last))
    }
}
