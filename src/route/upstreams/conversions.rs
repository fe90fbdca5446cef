//! The types that convert to upstreams, and their text.

use super::Upstreams;
use crate::error::Error;
use crate::proxy::Proxy;
use crate::route::Chain;
use std::fmt;

impl<C: Into<Chain>, const N: usize> TryFrom<[C; N]> for Upstreams {
    type Error = Error;

    fn try_from(chains: [C; N]) -> Result<Self, Error> {
        Self::new(chains)
    }
}

impl<C: Into<Chain>> TryFrom<Vec<C>> for Upstreams {
    type Error = Error;

    fn try_from(chains: Vec<C>) -> Result<Self, Error> {
        Self::new(chains)
    }
}

impl TryFrom<&str> for Upstreams {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<&String> for Upstreams {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<String> for Upstreams {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Chain> for Upstreams {
    fn from(chain: Chain) -> Self {
        Self::of(vec![chain])
    }
}

impl From<Proxy> for Upstreams {
    fn from(proxy: Proxy) -> Self {
        Chain::from(proxy).into()
    }
}

/// Writes the URLs without their passwords.
impl fmt::Display for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, chain) in self.0.chains.iter().enumerate() {
            write!(f, "{}{chain}", if n == 0 { "" } else { "; " })?;
        }
        match (self.0.direct, &*self.0.chains) {
            (true, []) => f.write_str("DIRECT"),
            (true, _) => f.write_str("; DIRECT"),
            (false, _) => Ok(()),
        }
    }
}
