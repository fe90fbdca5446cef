//! The settings of a connector, for direct connections and for all of its proxies.

use super::connector::Connector;
use crate::proxy::{Dialling, Family, Hook, Resolver};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// # Settings
///
/// Each of these applies to direct connections, and to the proxies of the route, where it replaces
/// the setting of each [`Proxy`](crate::Proxy). It also applies to the proxies that a
/// [rule](Self::by_rule) returns.
impl<F, W> Connector<F, W> {
    /// Sets the time that a call may take, from the first lookup to the end of the last handshake.
    /// The default is that of the proxies and the chain, and 30 seconds for a direct connection.
    /// `None` sets no limit.
    ///
    /// It replaces the [timeout of each proxy](crate::Proxy::timeout), of
    /// [chains](crate::Chain::timeout) and of [upstreams](crate::Upstreams::timeout). A `check` of
    /// several upstreams takes up to this time for each.
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let route = self.route.with_timeout(timeout.into());
        self.with_route(route)
    }

    /// Sets whether `TCP_NODELAY` is on, like [`Proxy::nodelay`](crate::Proxy::nodelay).
    #[must_use]
    pub fn nodelay(self, nodelay: bool) -> Self {
        self.dial_with(move |dialling| dialling.socket.nodelay = nodelay)
    }

    /// Sets the idle time before TCP keepalive, like
    /// [`Proxy::keepalive`](crate::Proxy::keepalive).
    #[must_use]
    pub fn keepalive(self, after: impl Into<Option<Duration>>) -> Self {
        let after = after.into();
        self.dial_with(move |dialling| dialling.socket.keepalive = after)
    }

    /// Sets the local address, like [`Proxy::local_addr`](crate::Proxy::local_addr).
    #[must_use]
    pub fn local_addr(self, addr: impl Into<Option<SocketAddr>>) -> Self {
        let addr = addr.into();
        self.dial_with(move |dialling| dialling.socket.local_addr = addr)
    }

    /// Sets the network interface, like [`Proxy::interface`](crate::Proxy::interface).
    #[must_use]
    pub fn interface<'i>(self, interface: impl Into<Option<&'i str>>) -> Self {
        let interface: Option<Box<str>> = interface.into().map(Into::into);
        self.dial_with(move |dialling| dialling.socket.rare_mut().interface.clone_from(&interface))
    }

    /// Sets the mark of packets, like [`Proxy::mark`](crate::Proxy::mark).
    #[must_use]
    pub fn mark(self, mark: impl Into<Option<u32>>) -> Self {
        let mark = mark.into();
        self.dial_with(move |dialling| dialling.socket.rare_mut().mark = mark)
    }

    /// Sets a function that receives each socket before it connects, like
    /// [`Proxy::socket`](crate::Proxy::socket).
    #[must_use]
    pub fn socket(self, set: impl Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let hook = Hook(Arc::new(set));
        self.dial_with(move |dialling| dialling.socket.rare_mut().hook = Some(hook.clone()))
    }

    /// Sets the address families of lookups on this machine, like
    /// [`Proxy::family`](crate::Proxy::family), and of the targets of direct connections.
    #[must_use]
    pub fn family(self, family: Family) -> Self {
        self.dial_with(move |dialling| dialling.lookup.set_family(family))
    }

    /// Sets the resolver of lookups on this machine, like
    /// [`Proxy::resolver`](crate::Proxy::resolver), and of the targets of direct connections.
    #[must_use]
    pub fn resolver(self, resolver: impl Resolver + 'static) -> Self {
        let resolver: Arc<dyn Resolver> = Arc::new(resolver);
        self.dial_with(move |dialling| dialling.lookup.set_resolver(Arc::clone(&resolver)))
    }

    fn dial_with(self, change: impl Fn(&mut Dialling) + Send + Sync + 'static) -> Self {
        let route = self.route.dial_with(Arc::new(change));
        self.with_route(route)
    }
}
