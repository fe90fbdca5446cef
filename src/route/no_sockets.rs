//! The parts of a route that need no sockets.

mod exception;
pub(crate) mod listener;
mod no_proxy;
pub(crate) mod requests;

pub use no_proxy::NoProxy;
