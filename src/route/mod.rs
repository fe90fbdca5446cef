//! Which way a connection takes: through one proxy, several, or none.

mod chain;
mod environment;
mod no_proxy;
mod share;
mod walk;

pub use chain::Chain;
pub use no_proxy::NoProxy;
pub(crate) use walk::{Reached, earlier, walk};

use crate::error::Error;
use crate::target::Target;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// How the way to a target is found.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) proxies: Proxies,
    /// Who is connected to directly all the same.
    pub(crate) exceptions: NoProxy,
}

#[derive(Clone)]
pub(crate) enum Proxies {
    None,
    Chain(Chain),
    /// As a function says.
    Rule(Arc<Rule>),
}

pub(crate) type Rule = dyn Fn(&Target<'_>) -> Option<Chain> + Send + Sync;

impl Route {
    pub(crate) fn from_env() -> Result<Self, Error> {
        environment::route(|name| std::env::var_os(name))
    }

    /// The proxies on the way to the target; `None` to connect to it directly.
    pub(crate) fn to(&self, target: &Target<'_>) -> Option<Cow<'_, Chain>> {
        if self.exceptions.covers(target) {
            return None;
        }
        match &self.proxies {
            Proxies::None => None,
            Proxies::Chain(chain) => Some(Cow::Borrowed(chain)),
            Proxies::Rule(rule) => rule(target).map(Cow::Owned),
        }
    }

    /// The proxies on the way to whom it is not known of.
    pub(crate) fn to_anybody(&self) -> Option<&Chain> {
        match &self.proxies {
            Proxies::Chain(chain) => Some(chain),
            Proxies::None | Proxies::Rule(_) => None,
        }
    }
}

impl From<Proxies> for Route {
    fn from(proxies: Proxies) -> Self {
        Self { proxies, exceptions: NoProxy::default() }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Chain(chain) => chain.fmt(f),
            Self::Rule(_) => f.write_str("Rule(..)"),
        }
    }
}
