//! The METHODs of the tests. Each shows one thing that a METHOD may do.

pub(crate) mod covering;
pub(crate) mod gssapi;
pub(crate) mod numbered;
pub(crate) mod pausing;
pub(crate) mod preparing;
pub(crate) mod short;
pub(crate) mod speaking;
pub(crate) mod toy;
pub(crate) mod wire;
pub(crate) mod witness;
