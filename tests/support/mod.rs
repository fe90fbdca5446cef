//! What the tests of conversations, drivers and streams share.

#![allow(dead_code, unused_imports, reason = "each test crate, with each set of features, uses a part of it")]

pub(crate) mod blocked;
pub(crate) mod case;
pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod dialogue;
pub(crate) mod drivers;
pub(crate) mod echo;
#[cfg(target_os = "linux")]
pub(crate) mod in_namespace;
pub(crate) mod left_out;
pub(crate) mod listening;
pub(crate) mod masked;
pub(crate) mod methods;
pub(crate) mod script;
pub(crate) mod server;
pub(crate) mod streams;
pub(crate) mod watchdog;

pub(crate) use methods::toy;
