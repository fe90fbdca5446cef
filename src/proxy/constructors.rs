//! The constructors of a proxy.

use super::{Dialling, Endpoint, Proxy, Resolve, Settings, udp_options};
use crate::error::Error;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::version::{V4, V5, Version};
use std::sync::Arc;

/// # Constructors
impl Proxy {
    /// Creates a SOCKS5 proxy without authentication.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the argument is not an [`Endpoint`].
    #[doc(alias = "SocksV5")]
    pub fn socks5(endpoint: impl TryInto<Endpoint, Error: Into<Error>>) -> Result<Self, Error> {
        endpoint.try_into().map(Self::unauthenticated::<V5>).map_err(Into::into)
    }

    /// Creates a SOCKS4 proxy without a user id.
    ///
    /// The proxy must support SOCKS4a if targets are names, unless
    /// [`resolve`](Self::resolve) is [`Resolve::Locally`].
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the argument is not an [`Endpoint`].
    #[doc(alias = "SocksV4")]
    pub fn socks4(endpoint: impl TryInto<Endpoint, Error: Into<Error>>) -> Result<Self, Error> {
        endpoint.try_into().map(Self::unauthenticated::<V4>).map_err(Into::into)
    }

    /// Creates a proxy of the version `V` without authentication.
    pub(crate) fn unauthenticated<V: Version>(endpoint: Endpoint) -> Self {
        Self::new(endpoint, V::unauthenticated())
    }

    pub(super) fn new(endpoint: Endpoint, protocol: SocksProtocol) -> Self {
        Self(Arc::new(Settings {
            endpoint,
            protocol,
            resolve: Resolve::default(),
            dialling: Dialling::DEFAULT,
            udp: udp_options::Options::new(),
            tls: false,
            query: None,
        }))
    }
}
