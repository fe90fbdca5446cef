//! Which proxies a connection takes.

use super::chain::Chain;
use super::no_proxy::NoProxy;
use super::rule::Rule;
use crate::error::Error;
use crate::protocol::target::Target;
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
    /// The proxies on the way to the target; `None` to connect to it directly.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::ErrorKind::Rule): the rule refuses the target.
    pub(crate) fn proxies_for(&self, target: &Target<'_>) -> Result<Option<Cow<'_, Chain>>, Error> {
        if self.exceptions.covers(target) {
            return Ok(None);
        }
        match &self.proxies {
            Proxies::Rule(rule) => Ok(rule.choose(target)?.map(Cow::Owned)),
            _ => Ok(self.without_target().map(Cow::Borrowed)),
        }
    }

    /// The proxies on the way to whom it is not known of.
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
