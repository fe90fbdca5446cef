//! The choice of the proxies for a target.

use super::chain::Chain;
use super::changes::{Change, Changes};
use super::no_proxy::NoProxy;
use super::rule::{Chosen, Rule};
use super::upstreams::{Allowed, Direct, Upstreams, Way, check_each, try_each};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Target;
use crate::proxy::Dialling;
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
    /// How direct connections are dialled.
    pub(crate) direct: Dialling,
    /// The changes of proxies that are not known yet.
    pub(crate) changes: Changes,
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

impl Proxies {
    /// Returns the chains that are known before a request.
    pub(super) fn chains(&self) -> Vec<&Chain> {
        match self {
            Self::None | Self::Rule(_) => Vec::new(),
            Self::Chain(chain) => vec![chain],
            Self::AnyOf(upstreams) => upstreams.chains().iter().collect(),
            Self::ByScheme { https, http } => https.iter().chain(http).collect(),
        }
    }
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
                    Some(Chosen::Chain(chain)) => Selected::Chain(Cow::Owned(self.changes.of_chain(chain))),
                    Some(Chosen::AnyOf(upstreams)) => {
                        Selected::AnyOf(Cow::Owned(self.changes.of_upstreams(upstreams)))
                    }
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

    /// Changes how direct connections and all proxies are dialled.
    pub(super) fn dial_with(&self, change: Change) -> Self {
        let mut route = self.clone();
        change(&mut route.direct);
        route.changes.push(change);
        route.changed()
    }

    /// Sets the timeout of direct connections and of all proxies, chains and upstreams.
    pub(super) fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        let mut route = self.clone();
        route.direct.timeout = timeout;
        route.changes.set_timeout(timeout);
        route.changed()
    }

    /// Applies the changes to the proxies that are known.
    fn changed(mut self) -> Self {
        let changes = std::mem::take(&mut self.changes);
        let of_chain = |chain: Option<Chain>| chain.map(|chain| changes.of_chain(chain));
        self.proxies = match self.proxies {
            Proxies::None => Proxies::None,
            Proxies::Chain(chain) => Proxies::Chain(changes.of_chain(chain)),
            Proxies::AnyOf(upstreams) => Proxies::AnyOf(changes.of_upstreams(upstreams)),
            Proxies::ByScheme { https, http } => {
                Proxies::ByScheme { https: of_chain(https), http: of_chain(http) }
            }
            Proxies::Rule(rule) => {
                self.changes = changes;
                Proxies::Rule(rule)
            }
        };
        self
    }
}

impl Selected<'_> {
    /// Makes a request that can be direct, with this limit. Early data are not sent twice.
    pub(crate) async fn ask<'s, R: Runtime, T, A>(
        &'s self,
        direct: Option<Duration>,
        early_data: bool,
        ask: impl Fn(Way<'s>) -> A + Send + Sync,
    ) -> Result<T, Error>
    where
        A: Future<Output = Result<T, Error>> + Send + Sync,
    {
        match self {
            Self::Direct => ask(Way { chain: None, limit: direct }).await,
            Self::Chain(chain) => ask(Way::through(chain)).await,
            Self::AnyOf(upstreams) => {
                try_each::<R, T, A>(
                    upstreams,
                    Allowed { direct: Some(Direct { limit: direct }), early_data },
                    ask,
                )
                .await
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
                let allowed = Allowed { direct: None, early_data: false };
                let ask = &ask;
                let ask = move |way: Way<'s>| async move {
                    match way.chain {
                        Some(chain) => ask(chain, way.limit).await,
                        None => Err(Invalid::NoProxyToAsk.into()),
                    }
                };
                Box::pin(try_each::<R, T, _>(upstreams, allowed, ask)).await
            }
        }
    }

    /// Checks each of the proxies. `proves` is whether a success shows that a chain is usable.
    pub(crate) async fn check_each<'s, R: Runtime, A>(
        &'s self,
        proves: impl Fn(&Chain) -> bool + Send + Sync,
        check: impl Fn(&'s Chain, Option<Duration>) -> A + Send + Sync,
    ) -> Result<(), Error>
    where
        A: Future<Output = Result<(), Error>> + Send + Sync,
    {
        match self {
            Self::AnyOf(upstreams) if !upstreams.chains().is_empty() => {
                let check = &check;
                let check = move |way: Way<'s>| async move {
                    match way.chain {
                        Some(chain) => check(chain, way.limit).await,
                        None => Err(Invalid::NoProxyToAsk.into()),
                    }
                };
                Box::pin(check_each(upstreams, proves, check)).await
            }
            _ => self.ask_a_proxy::<R, (), A>(check).await,
        }
    }
}

impl From<Proxies> for Route {
    fn from(proxies: Proxies) -> Self {
        let (exceptions, changes) = (NoProxy::default(), Changes::default());
        Self { proxies, exceptions, direct: Dialling::DEFAULT, changes }
    }
}
