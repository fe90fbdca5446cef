//! The route to a target: through one proxy, through a chain, or direct.

mod address_timeout;
mod attempt;
mod calls;
mod chain;
mod changes;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod connector;
mod direct;
mod environment;
mod exception;
mod hop_target;
pub(crate) mod hops;
pub(crate) mod listener;
pub(crate) mod lookup;
mod next_target;
mod no_proxy;
pub(crate) mod one_proxy;
pub(crate) mod path;
pub(crate) mod prepare;
pub(crate) mod proxies;
mod request;
pub(crate) mod requests;
mod rule;
mod settings;
mod upstreams;
pub(crate) mod wrap;

pub use chain::Chain;
pub use no_proxy::NoProxy;
pub(crate) use one_proxy::{bind, connect, dial};
pub use rule::Choice;
pub use upstreams::{Health, Upstreams};

#[cfg(test)]
mod tests;
