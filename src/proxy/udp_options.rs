//! Options of associations.

use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::udp::reassembly::Reassembly;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Options of associations (UDP ASSOCIATE), for [`Proxy::udp`](crate::Proxy::udp).
///
/// ```
/// use anysocks::Proxy;
/// use anysocks::udp::{Options, Reassembly, Relay};
///
/// let options = Options::new().relay(Relay::ProxyAddress).reassemble(Reassembly::new());
/// let proxy = Proxy::socks5("proxy.example:1080")?.udp(options);
/// # Ok::<(), anysocks::Error>(())
/// ```
#[doc(alias = "associate")]
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) relay: Relay,
    pub(crate) source: Option<SocketAddr>,
    pub(crate) reassembly: Option<Reassembly>,
    pub(crate) any_source: bool,
    pub(crate) extended: bool,
}

/// The policy for the relay's address.
///
/// It starts from BND.ADDR and BND.PORT of the proxy's reply (RFC 1928 §6).
///
/// Many proxies reply an unspecified address, which means their own. Some are behind NAT, and reply
/// an address of their own network. A few have their relay on another host.
///
/// A few proxies reply a name. If its text is an IP address, the relay is at that address. Any
/// other name is resolved on this machine only with [`Resolve::Locally`](crate::Resolve::Locally).
/// With `Resolve::ByProxy`, [`ProxyAddress`](Self::ProxyAddress) or [`by`](Self::by) can replace
/// it. Of the addresses of a name, those of the TCP connection's family come first.
///
/// The relay of a later proxy in a [`Chain`](crate::Chain) receives datagrams from the relay before
/// it, not from this machine. Its address may therefore be a name: the one in the reply, the one
/// that a function returns, or the proxy's own host. With the
/// [`Resolve::ByProxy`](crate::Resolve::ByProxy) of the proxy before it, that proxy resolves the
/// name; otherwise this machine does.
///
/// # Errors
///
/// The association fails with [`ErrorKind::NoRelay`](crate::ErrorKind::NoRelay) if the address is:
///
/// - a name that is not resolved on this machine;
/// - an address with port 0, a multicast address, or 255.255.255.255.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Relay {
    /// The address in the reply, unless it means the proxy's own.
    ///
    /// It does if it is unspecified. It also does if the proxy is at a public address, and the
    /// reply has one that is private (RFC 1918, RFC 4193), link-local or loopback, because this
    /// machine can't reach that. The same holds for the addresses of a name in the reply. With the
    /// feature `tracing`, an event has both addresses.
    ///
    /// The networks between a provider and its customers (`100.64.0.0/10`) are neither private nor
    /// public. The public IPv6 addresses are those of `2000::/3`.
    #[default]
    Told,
    /// The proxy's own address, with the port in the reply.
    ProxyAddress,
    /// The address in the reply, even if it is unspecified or internal.
    AsIs,
    /// The address that a function returns.
    ///
    /// Its arguments are the address in the reply and the proxy's own. The second one is `None`
    /// over a Unix-domain socket, and for a proxy whose name another proxy resolves. A name that
    /// the function returns is resolved on this machine, with either
    /// [`Resolve`](crate::Resolve), unless the relay belongs to a later proxy of a chain.
    By(Arc<FindRelay>),
}

/// The function of [`Relay::By`].
pub type FindRelay = dyn Fn(&Address, Option<IpAddr>) -> Address + Send + Sync;

impl Relay {
    /// Creates a [`By`](Self::By) of a function.
    #[must_use]
    pub fn by(find: impl Fn(&Address, Option<IpAddr>) -> Address + Send + Sync + 'static) -> Self {
        Self::By(Arc::new(find))
    }
}

impl Options {
    /// Creates the default options, which suit most proxies.
    ///
    /// - [`relay`](Self::relay): [`Relay::Told`].
    /// - [`source`](Self::source): `None`; the request declares zeros.
    /// - [`reassemble`](Self::reassemble): `None`; fragments are dropped.
    /// - [`any_source`](Self::any_source): `false`.
    /// - [`extended`](Self::extended): `false`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how the relay's address is found. The default is [`Relay::Told`].
    #[must_use]
    pub fn relay(mut self, relay: Relay) -> Self {
        self.relay = relay;
        self
    }

    /// Sets the local address and port of the datagrams, which the request then declares.
    ///
    /// Port 0 means any free port. An unspecified address means the local address of the
    /// TCP connection to the proxy.
    ///
    /// With `None`, the default, the request declares zeros, which most proxies expect. They are
    /// of the family of the TCP connection, because Dante derives the relay's family from it. A
    /// few proxies relay only datagrams from the declared source.
    ///
    /// In a [`Chain`](crate::Chain), this applies to the first proxy. The request to a later one
    /// declares zeros, because the address of the relay before it is not known.
    #[must_use]
    pub fn source(mut self, source: impl Into<Option<SocketAddr>>) -> Self {
        self.source = source.into();
        self
    }

    /// Sets whether a connected socket receives datagrams from any source. The default is `false`.
    ///
    /// With `false`, a connected socket drops datagrams that are not from its peer, and
    /// [counts](crate::udp::SocksUdpSocket::dropped) them.
    ///
    /// Set this for a relay that names another source than the sender, such as the client's own
    /// address. A connected socket receives nothing from such a relay otherwise. The sender can
    /// then be any host that can send to the relay's outer port. So the protocol above has to
    /// authenticate its peer, as QUIC and DTLS do, or at least match answers to questions, as DNS
    /// does.
    ///
    /// In a [`Chain`](crate::Chain), the source of a datagram from an earlier relay is the next
    /// relay. With the options of that earlier proxy, this setting accepts any other source.
    ///
    /// Datagrams that are not from the relay are never received.
    ///
    /// ```
    /// use anysocks::Proxy;
    /// use anysocks::udp::Options;
    ///
    /// let options = Options::new().any_source(true);
    /// let proxy = Proxy::socks5("proxy.example:1080")?.udp(options);
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    #[must_use]
    pub const fn any_source(mut self, any_source: bool) -> Self {
        self.any_source = any_source;
        self
    }

    /// Sets whether the command of the request is `UDP_ASSOCIATE_EXT` of SOCKS5a. The default is
    /// `false`.
    ///
    /// The association is the same. A proxy of SOCKS5a may treat the two commands differently.
    ///
    /// If the proxy's [`Auth`](crate::Auth) offers no METHOD of SOCKS5a, the call fails with
    /// [`Invalid::NeedsSocks5a`](crate::Invalid::NeedsSocks5a). If the proxy selects another
    /// METHOD, it fails with [`ErrorKind::NeedsSocks5a`](crate::ErrorKind::NeedsSocks5a).
    #[must_use]
    pub const fn extended(mut self, extended: bool) -> Self {
        self.extended = extended;
        self
    }

    pub(crate) const fn command(&self) -> Command {
        if self.extended { Command::UdpAssociateExt } else { Command::UdpAssociate }
    }

    /// Sets whether and how fragments are reassembled. With `None`, the default, they are dropped
    /// (RFC 1928 §7). In a [`Chain`](crate::Chain), they are those of this proxy's relay.
    #[must_use]
    pub fn reassemble(mut self, reassembly: impl Into<Option<Reassembly>>) -> Self {
        self.reassembly = reassembly.into();
        self
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Told => "Told",
            Self::ProxyAddress => "ProxyAddress",
            Self::AsIs => "AsIs",
            Self::By(_) => "By(..)",
        })
    }
}
