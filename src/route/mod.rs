//! Which way a connection takes: through one proxy, several, or none.

mod chain;
mod environment;
mod exception;
mod no_proxy;
mod rule;
mod walk;

pub use chain::Chain;
pub use no_proxy::NoProxy;
pub use rule::Choice;
pub(crate) use rule::Rule;
pub(crate) use walk::{Reached, earlier, walk};

use crate::error::Error;
use crate::target::Target;
use std::borrow::Cow;

/// How the way to a target is found.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) proxies: Proxies,
    /// Who is connected to directly all the same.
    pub(crate) exceptions: NoProxy,
}

#[derive(Clone, Debug)]
pub(crate) enum Proxies {
    None,
    Chain(Chain),
    /// At least one of them is set. A URI's scheme decides which one counts; without a URI, the
    /// first that is set does.
    ByScheme {
        https: Option<Chain>,
        http: Option<Chain>,
    },
    Rule(Rule),
}

impl Route {
    pub(crate) fn from_env() -> Result<Self, Error> {
        environment::route(|name| std::env::var_os(name))
    }

    /// The proxies on the way to the target; `None` to connect to it directly.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::ErrorKind::Rule): the rule refuses the target.
    pub(crate) fn to(&self, target: &Target<'_>) -> Result<Option<Cow<'_, Chain>>, Error> {
        if self.exceptions.covers(target) {
            return Ok(None);
        }
        match &self.proxies {
            Proxies::Rule(rule) => Ok(rule.choose(target)?.map(Cow::Owned)),
            _ => Ok(self.to_anybody().map(Cow::Borrowed)),
        }
    }

    /// The proxies on the way to whom it is not known of.
    pub(crate) fn to_anybody(&self) -> Option<&Chain> {
        match &self.proxies {
            Proxies::Chain(chain) => Some(chain),
            Proxies::ByScheme { https, http } => https.as_ref().or(http.as_ref()),
            Proxies::None | Proxies::Rule(_) => None,
        }
    }
}

impl From<Proxies> for Route {
    fn from(proxies: Proxies) -> Self {
        Self { proxies, exceptions: NoProxy::default() }
    }
}
