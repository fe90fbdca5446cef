//! The choice of the proxies for a target.

use super::chain::Chain;
use super::no_proxy::NoProxy;
use super::rule::Rule;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Target;
use crate::trace;
use std::borrow::Cow;

/// The proxies of a connector, and the targets that are connected to directly.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) proxies: Proxies,
    /// The targets that are connected to directly.
    pub(crate) exceptions: NoProxy,
}

#[derive(Clone, Debug)]
pub(crate) enum Proxies {
    None,
    Chain(Chain),
    /// At least one of the two is set. The scheme of a URI selects one. Without a URI, the first
    /// that is set applies.
    ByScheme {
        https: Option<Chain>,
        http: Option<Chain>,
    },
    Rule(Rule),
}

impl Route {
    /// Returns the proxies for a target, or `None` for a direct connection.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Rule`](crate::ErrorKind::Rule): the rule refuses the target.
    pub(crate) fn proxies_for(&self, target: &Target<'_>) -> Result<Option<Cow<'_, Chain>>, Error> {
        if self.exceptions.covers(target) {
            return Ok(None);
        }
        match &self.proxies {
            Proxies::Rule(rule) => {
                let chosen = rule.proxies_for(target).map_err(|error| trace::failed(error.about(target)))?;
                Ok(chosen.map(Cow::Owned))
            }
            _ => Ok(self.without_target().map(Cow::Borrowed)),
        }
    }

    /// Returns the proxies for a request that only a proxy can carry out.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NoProxyToAsk`]: there are none.
    /// - Those of [`proxies_for`](Self::proxies_for).
    pub(crate) fn proxies_to_ask(&self, target: &Target<'_>) -> Result<Cow<'_, Chain>, Error> {
        self.proxies_for(target)?.ok_or_else(|| trace::failed(Invalid::NoProxyToAsk.into()))
    }

    /// Returns the proxies for unknown targets.
    pub(crate) fn without_target(&self) -> Option<&Chain> {
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
