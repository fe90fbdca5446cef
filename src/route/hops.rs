//! The proxies of a chain as text.

use crate::proxy::Proxy;
use std::fmt;

/// Proxies, as they are written.
pub(super) struct Hops<'a>(pub(super) &'a [Proxy]);

impl fmt::Display for Hops<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, proxy) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{proxy}")?;
        }
        Ok(())
    }
}
