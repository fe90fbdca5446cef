//! The choice of the proxies for a target.

use super::chain::Chain;
use super::no_proxy::NoProxy;
use super::rule::{Chosen, Rule};
use super::upstreams::{Repeatable, Upstreams, Way, try_each};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Target;
use crate::runtime::Runtime;
use crate::trace;
use std::borrow::Cow;
use std::time::Duration;

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
    AnyOf(Upstreams),
    /// At least one of the two is set. The scheme of a URI selects one. Without a URI, the first
    /// that is set applies.
    ByScheme {
        https: Option<Chain>,
        http: Option<Chain>,
    },
    Rule(Rule),
}

/// The proxies for one request.
#[derive(Debug)]
pub(crate) enum Selected<'r> {
    /// A direct connection.
    Direct,
    Chain(Cow<'r, Chain>),
    AnyOf(Cow<'r, Upstreams>),
}

impl Route {
    /// Returns the proxies for a target.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Rule`](crate::ErrorKind::Rule): the rule refuses the target.
    pub(crate) fn select(&self, target: &Target<'_>) -> Result<Selected<'_>, Error> {
        if self.exceptions.covers(target) {
            return Ok(Selected::Direct);
        }
        match &self.proxies {
            Proxies::Rule(rule) => {
                let chosen = rule.proxies_for(target).map_err(|error| trace::failed(error.about(target)))?;
                Ok(match chosen {
                    None => Selected::Direct,
                    Some(Chosen::Chain(chain)) => Selected::Chain(Cow::Owned(chain)),
                    Some(Chosen::AnyOf(upstreams)) => Selected::AnyOf(Cow::Owned(upstreams)),
                })
            }
            _ => Ok(self.without_target()),
        }
    }

    /// Returns the proxies for unknown targets.
    pub(crate) fn without_target(&self) -> Selected<'_> {
        let chain = match &self.proxies {
            Proxies::Chain(chain) => Some(chain),
            Proxies::AnyOf(upstreams) => return Selected::AnyOf(Cow::Borrowed(upstreams)),
            Proxies::ByScheme { https, http } => https.as_ref().or(http.as_ref()),
            Proxies::None | Proxies::Rule(_) => None,
        };
        chain.map_or(Selected::Direct, |chain| Selected::Chain(Cow::Borrowed(chain)))
    }
}

impl Selected<'_> {
    /// Makes a request that can be direct. Early data are not sent twice.
    pub(crate) async fn ask<'s, R: Runtime, T, A>(
        &'s self,
        early_data: bool,
        ask: impl Fn(Way<'s>) -> A + Send + Sync,
    ) -> Result<T, Error>
    where
        A: Future<Output = Result<T, Error>> + Send + Sync,
    {
        match self {
            Self::Direct => ask(Way { chain: None, limit: None }).await,
            Self::Chain(chain) => ask(Way::through(chain)).await,
            Self::AnyOf(upstreams) => {
                try_each::<R, T, A>(upstreams, Repeatable { directly: true, early_data }, ask).await
            }
        }
    }

    /// Makes a request that only a proxy can carry out.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NoProxyToAsk`]: there is none.
    pub(crate) async fn ask_a_proxy<'s, R: Runtime, T, A>(
        &'s self,
        ask: impl Fn(&'s Chain, Option<Duration>) -> A + Send + Sync,
    ) -> Result<T, Error>
    where
        A: Future<Output = Result<T, Error>> + Send + Sync,
    {
        match self {
            Self::Direct => Err(trace::failed(Invalid::NoProxyToAsk.into())),
            Self::Chain(chain) => ask(chain, chain.limit()).await,
            Self::AnyOf(upstreams) => {
                let repeatable = Repeatable { directly: false, early_data: false };
                let ask = &ask;
                let ask = move |way: Way<'s>| async move {
                    match way.chain {
                        Some(chain) => ask(chain, way.limit).await,
                        None => Err(Invalid::NoProxyToAsk.into()),
                    }
                };
                Box::pin(try_each::<R, T, _>(upstreams, repeatable, ask)).await
            }
        }
    }
}

impl From<Proxies> for Route {
    fn from(proxies: Proxies) -> Self {
        Self { proxies, exceptions: NoProxy::default() }
    }
}
