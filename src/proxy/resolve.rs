//! Where the names of targets are resolved.

/// The place where names of targets are resolved, for [`Proxy::resolve`](crate::Proxy::resolve).
#[doc(alias = "dns")]
#[doc(alias = "onion")]
#[doc(alias = "local_dns")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolve {
    /// The proxy resolves names.
    ///
    /// Neither the names of targets nor names in the proxy's replies are resolved on this machine.
    #[default]
    ByProxy,
    /// This machine resolves names.
    ///
    /// The proxy is asked for one address of the name at a time, each over a new connection, until
    /// it grants one. The next address follows if the proxy refuses, closes the connection, or
    /// does not answer within the address's [share of the timeout](crate::Proxy::timeout). The
    /// error is that of the last address.
    ///
    /// A request with [early data](crate::blocking::Socks5Stream::connect_with_early_data) is
    /// repeated only after a refusal, because the target may have received the data. Its address
    /// may use the whole timeout.
    ///
    /// An `.onion` name is refused with
    /// [`Invalid::OnionResolvedLocally`](crate::Invalid::OnionResolvedLocally).
    Locally,
}
