//! Options of the connections to a proxy.

use super::{Proxy, Resolve, udp_options};
use std::net::SocketAddr;
use std::time::Duration;

/// # Options
impl Proxy {
    /// Sets where the names of targets are resolved. In code, the default is [`Resolve::ByProxy`].
    #[doc(alias = "local_dns")]
    #[doc(alias = "dns")]
    #[must_use]
    pub fn resolve(self, resolve: Resolve) -> Self {
        self.set(|settings| settings.resolve = resolve)
    }

    /// Sets the time limit of dialling and handshake together. The default is 30 seconds; `None`
    /// sets no limit.
    ///
    /// The limit covers name resolution on this machine too. It does not apply to a stream that
    /// the caller dialled, and it ends with the handshake.
    ///
    /// With [`Resolve::Locally`], the addresses of the target's name share this time. The request
    /// for an address times out after the remaining time divided by the number of remaining
    /// addresses, but not before 2 seconds, and the next address follows. Dialling and
    /// authentication may use all of the remaining time. Without a limit, the request for an
    /// address never times out.
    #[doc(alias = "set_connect_timeout")]
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        self.dial_with(|dialling| dialling.timeout = timeout.into())
    }

    /// Sets whether `TCP_NODELAY` is on, which sends small writes at once. It is on by default, and
    /// costs small writes about 14 % of their rate.
    ///
    /// If it is off, the system may join small writes, and a write may wait until the previous one
    /// is acknowledged.
    #[doc(alias = "set_nodelay")]
    #[must_use]
    pub fn nodelay(self, nodelay: bool) -> Self {
        self.dial_with(|dialling| dialling.socket.nodelay = nodelay)
    }

    /// Sets the idle time after which the system probes the connection to the proxy (TCP
    /// keepalive). `None`, the default, switches the probes off.
    ///
    /// The time is rounded down to whole seconds and limited to the range that every system
    /// accepts, from 1 to 32,767 seconds (nine hours). The interval of the probes and their number
    /// are settings of the system.
    #[doc(alias = "set_keepalive")]
    #[must_use]
    pub fn keepalive(self, after: impl Into<Option<Duration>>) -> Self {
        self.dial_with(|dialling| dialling.socket.keepalive = after.into())
    }

    /// Sets the local address of the TCP connection and, without its port, of an association's
    /// datagrams. With `None`, the default, the system chooses.
    ///
    /// With port 0, the system chooses a port for each connection. On Linux, connections to
    /// different proxy addresses can share a port (`IP_BIND_ADDRESS_NO_PORT`). On other systems,
    /// and for datagrams, each takes its own port.
    ///
    /// With any other port, only one connection can exist at a time, on Linux one to each proxy
    /// address. After it is closed, the system may refuse the next one for some minutes.
    ///
    /// The proxy is dialled only at addresses of the same family. Addresses of the other family
    /// are listed in [`Unreachable`](crate::ErrorKind::Unreachable) with the kind
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput). A relay of the other family is an error
    /// of [`Stage::Association`](crate::Stage::Association).
    /// [`udp::Options::source`](crate::udp::Options::source) sets another address for the
    /// datagrams.
    #[doc(alias = "set_local_address")]
    #[must_use]
    pub fn local_addr(self, addr: impl Into<Option<SocketAddr>>) -> Self {
        self.dial_with(|dialling| dialling.socket.local_addr = addr.into())
    }

    /// Sets the options of associations (UDP ASSOCIATE).
    #[doc(alias = "associate")]
    #[must_use]
    pub fn udp(self, options: udp_options::Options) -> Self {
        self.set(|settings| settings.udp = options)
    }

    /// Sets whether the proxy is behind TLS, like `+tls` in a URL. It is off by default.
    ///
    /// A [`Connector`](crate::Connector) that wraps its streams reaches such a proxy. So does a
    /// `handshake` over the caller's TLS stream, on a connection from `dial`. Other calls fail
    /// with [`Invalid::TlsNotWrapped`](crate::Invalid::TlsNotWrapped).
    #[doc(alias = "tls")]
    #[doc(alias = "ssl")]
    #[must_use]
    pub fn behind_tls(self, tls: bool) -> Self {
        self.set(|settings| settings.tls = tls)
    }
}
