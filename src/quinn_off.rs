//! What stands in for `quinn` without the `quinn` feature.

/// Takes the place of an endpoint's peers.
#[derive(Debug, Default)]
pub(crate) struct Peers(());
