//! `peers` without the feature `quinn`.

/// Holds nothing, because there are no endpoints.
#[derive(Debug, Default)]
pub(crate) struct Peers(());
