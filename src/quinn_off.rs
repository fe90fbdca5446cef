//! What stands in for `quinn` without the `quinn` feature.

/// There is no endpoint that has any.
#[derive(Debug, Default)]
pub(crate) struct Peers;
