//! One value for each proxy of a chain.

use std::fmt;
use std::iter;

/// One value for each proxy of a chain, in order. A single proxy needs no allocation.
pub struct PerHop<T> {
    /// Those of the earlier proxies. The pointer is thin, because most routes have none.
    earlier: Option<Box<Earlier<T>>>,
    pub(crate) last: T,
}

struct Earlier<T>(Vec<T>);

impl<T> PerHop<T> {
    pub(crate) const fn only(last: T) -> Self {
        Self { earlier: None, last }
    }

    /// Adds the value of the next proxy.
    pub(crate) fn push(&mut self, next: T) {
        let before = std::mem::replace(&mut self.last, next);
        self.earlier.get_or_insert_with(|| Box::new(Earlier(Vec::new()))).0.push(before);
    }

    /// Returns the values of all proxies but the last.
    pub(crate) fn earlier(&self) -> &[T] {
        self.earlier.as_ref().map_or(&[], |earlier| &earlier.0)
    }

    /// Returns the value of the proxy with this number, from 0. A number that is too high is the
    /// last proxy's.
    pub(crate) fn get(&self, hop: usize) -> &T {
        self.earlier().get(hop).unwrap_or(&self.last)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.earlier().iter().chain(iter::once(&self.last))
    }
}

impl<T: fmt::Debug> fmt::Debug for PerHop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
