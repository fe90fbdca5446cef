//! The changes of how proxies are dialled, which a connector's settings are.

use super::chain::Chain;
use super::upstreams::Upstreams;
use crate::proxy::Dialling;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A change of how each proxy is dialled.
pub(super) type Change = Arc<dyn Fn(&mut Dialling) + Send + Sync>;

/// The changes of all proxies of a connector.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    dialling: Vec<Change>,
    timeout: Timeout,
}

#[derive(Clone, Copy, Debug, Default)]
enum Timeout {
    #[default]
    Kept,
    Of(Option<Duration>),
}

impl Changes {
    pub(super) fn push(&mut self, change: Change) {
        self.dialling.push(change);
    }

    pub(super) fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = Timeout::Of(timeout);
        self.push(Arc::new(move |dialling| dialling.timeout = timeout));
    }

    pub(super) fn of_chain(&self, chain: Chain) -> Chain {
        if self.dialling.is_empty() {
            return chain;
        }
        let chain = chain.dial_with(|dialling| self.dialling.iter().for_each(|change| change(dialling)));
        match self.timeout {
            Timeout::Kept => chain,
            Timeout::Of(timeout) => chain.timeout(timeout),
        }
    }

    pub(super) fn of_upstreams(&self, upstreams: Upstreams) -> Upstreams {
        if self.dialling.is_empty() {
            return upstreams;
        }
        let upstreams = upstreams.map(|chain| self.of_chain(chain));
        match self.timeout {
            Timeout::Kept => upstreams,
            Timeout::Of(timeout) => upstreams.timeout(timeout),
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
