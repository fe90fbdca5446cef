//! Which way a connection takes: through one proxy, several, or none.

mod chain;
mod environment;
mod no_proxy;
mod walk;

pub use chain::Chain;
pub use no_proxy::NoProxy;
pub(crate) use walk::{Reached, through_chain};

use crate::error::Error;
use crate::proxy::Proxy;
use crate::target::Target;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// How the way to a target is found.
#[derive(Clone)]
pub(crate) enum Route {
    /// Never through a proxy.
    Direct,
    /// Through these proxies, except to those that need none.
    Chain(Chain, NoProxy),
    /// As a function says.
    Rule(Arc<Rule>),
}

pub(crate) type Rule = dyn Fn(&Target<'_>) -> Option<Proxy> + Send + Sync;

impl Route {
    pub(crate) fn from_env() -> Result<Self, Error> {
        environment::route(|name| std::env::var_os(name))
    }

    /// The proxies on the way to the target; `None` to connect to it directly.
    pub(crate) fn to(&self, target: &Target<'_>) -> Option<Cow<'_, Chain>> {
        match self {
            Self::Direct => None,
            Self::Chain(_, no_proxy) if no_proxy.covers(target) => None,
            Self::Chain(chain, _) => Some(Cow::Borrowed(chain)),
            Self::Rule(rule) => rule(target).map(|proxy| Cow::Owned(Chain::from(proxy))),
        }
    }

    /// The proxies on the way to whom it is not known of.
    pub(crate) fn to_anybody(&self) -> Option<&Chain> {
        match self {
            Self::Chain(chain, _) => Some(chain),
            Self::Direct | Self::Rule(_) => None,
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("Direct"),
            Self::Chain(chain, no_proxy) => f.debug_tuple("Chain").field(chain).field(no_proxy).finish(),
            Self::Rule(_) => f.write_str("Rule(..)"),
        }
    }
}
