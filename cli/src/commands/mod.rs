//! The subcommands.

mod association;
mod clients;
pub(crate) mod connect;
pub(crate) mod forward;
pub(crate) mod listen;
pub(crate) mod manual;
mod page;
mod pause;
pub(crate) mod probe;
mod report;
pub(crate) mod resolve;
mod result;
pub(crate) mod udp;
