//! How a target is reached: through one proxy, several, or none.

mod chain;
pub(crate) mod connect;
pub(crate) mod connector;
mod environment;
mod exception;
mod hops;
pub(crate) mod listener;
pub(crate) mod lookup;
mod no_proxy;
pub(crate) mod one_proxy;
pub(crate) mod proxies;
mod request;
mod rule;
mod share;
pub(crate) mod wrap;

pub use chain::Chain;
pub use no_proxy::NoProxy;
pub(crate) use one_proxy::{bind, connect, dial};
pub use rule::Choice;

#[cfg(test)]
mod tests;
