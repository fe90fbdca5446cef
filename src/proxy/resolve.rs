//! Where names of targets are resolved.

/// Who resolves the target's name.
#[doc(alias = "dns")]
#[doc(alias = "onion")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolve {
    /// The proxy: names of targets, and names that the proxy itself sends, are never resolved on
    /// this machine.
    #[default]
    ByProxy,
    /// This machine. The proxy is asked for one address of the name at a time, each over a new
    /// connection, until it grants one. The next address follows if the proxy refuses, closes the
    /// connection, or does not answer within the address's [share of the
    /// timeout](crate::Proxy::timeout). The error is that of the last address.
    ///
    /// A request with [early data](crate::blocking::Socks5Stream::connect_with_early_data) is repeated only
    /// after a refusal, because the target may have received the data. Its address may use the
    /// whole timeout.
    Locally,
}
