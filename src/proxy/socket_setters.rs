//! The setters of a proxy's sockets.

use super::{Family, Proxy, Resolver};
use std::sync::Arc;

/// # Sockets and lookups
impl Proxy {
    /// Sets the network interface of the TCP connection and of an association's datagrams. With
    /// `None`, the default, the system's routes decide.
    ///
    /// | system | interface |
    /// |---|---|
    /// | Linux, Android | its name, such as `eth0` (`SO_BINDTODEVICE`). Before Linux 5.7, it needs `CAP_NET_RAW` |
    /// | Apple's systems, illumos, Solaris | its number, such as `4` (`IP_BOUND_IF`) |
    ///
    /// # Errors
    ///
    /// Dialling fails:
    ///
    /// - with an error of the system: there is no such interface, or no permission;
    /// - with [`InvalidInput`](std::io::ErrorKind::InvalidInput): the name does not have 1 to 15 bytes,
    ///   which is the limit of Linux, or it contains a NUL;
    /// - with [`Unsupported`](std::io::ErrorKind::Unsupported): this is another system.
    #[doc(alias = "SO_BINDTODEVICE")]
    #[doc(alias = "IP_BOUND_IF")]
    #[doc(alias = "bind_device")]
    #[must_use]
    pub fn interface<'i>(self, interface: impl Into<Option<&'i str>>) -> Self {
        let interface = interface.into().map(Into::into);
        self.dial_with(|dialling| dialling.socket.rare_mut().interface = interface)
    }

    /// Sets the mark of the packets of the TCP connection and of an association's datagrams
    /// (`SO_MARK`), for rules of routing and packet filters. `None`, the default, sets none.
    ///
    /// It exists on Linux and Android, and needs `CAP_NET_ADMIN` or `CAP_NET_RAW`.
    ///
    /// # Errors
    ///
    /// Dialling fails, with an error of the system such as
    /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied). On other systems, its kind is
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    #[doc(alias = "SO_MARK")]
    #[doc(alias = "fwmark")]
    #[must_use]
    pub fn mark(self, mark: impl Into<Option<u32>>) -> Self {
        self.dial_with(|dialling| dialling.socket.rare_mut().mark = mark.into())
    }

    /// Sets the address families of lookups on this machine: of the proxy's own name, and of
    /// targets with [`Resolve::Locally`](crate::Resolve::Locally). The default is [`Family::Any`].
    ///
    /// It does not apply to names that a proxy resolves, nor to IP addresses.
    ///
    /// # Errors
    ///
    /// If a name has no address of the only family, dialling fails with
    /// [`Unresolved`](crate::ErrorKind::Unresolved).
    #[doc(alias = "happy eyeballs")]
    #[must_use]
    pub fn family(self, family: Family) -> Self {
        self.dial_with(|dialling| dialling.lookup.set_family(family))
    }

    /// Sets the resolver of lookups on this machine: of the proxy's own name, and of targets with
    /// [`Resolve::Locally`](crate::Resolve::Locally). The default is the system's.
    ///
    /// It does not change where a name is resolved: with [`Resolve::ByProxy`](crate::Resolve::ByProxy),
    /// targets are still resolved by the proxy.
    #[doc(alias = "hickory")]
    #[doc(alias = "DoH")]
    #[must_use]
    pub fn resolver(self, resolver: impl Resolver + 'static) -> Self {
        let resolver: Arc<dyn Resolver> = Arc::new(resolver);
        self.dial_with(|dialling| dialling.lookup.set_resolver(resolver))
    }
}
