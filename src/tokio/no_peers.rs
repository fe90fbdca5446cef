//! What stands for the peers of an endpoint without the feature `quinn`.

/// No endpoint has peers.
#[derive(Debug, Default)]
pub(crate) struct Peers(());
