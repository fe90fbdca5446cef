//! The route to a target: through one proxy, through a chain, or direct.

mod address_timeout;
mod attempt;
mod chain;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod connector;
mod environment;
mod exception;
mod hop_target;
mod hops;
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
pub(crate) mod wrap;

pub use chain::Chain;
pub use no_proxy::NoProxy;
pub(crate) use one_proxy::{bind, connect, dial};
pub use rule::Choice;

#[cfg(test)]
mod tests;
