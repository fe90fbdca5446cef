//! The proxies of a chain as text.

use crate::proxy::Proxy;
use std::fmt;

/// The URLs of proxies, without passwords, separated by commas.
pub(crate) struct Hops<'a>(pub(crate) &'a [Proxy]);

impl fmt::Display for Hops<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, proxy) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{proxy}")?;
        }
        Ok(())
    }
}
