//! The part of `quinn` that tokio's sockets have, without the `quinn` feature.

/// No endpoint has peers.
#[derive(Debug, Default)]
pub(crate) struct Peers(());
