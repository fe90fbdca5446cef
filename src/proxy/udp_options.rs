//! What a client may want to be done differently about datagrams.

use crate::protocol::address::Address;
use crate::protocol::udp::reassembly::Reassembly;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// How an association is made, for [`Proxy::udp`](crate::Proxy::udp).
///
/// ```
/// use anysocks::Proxy;
/// use anysocks::udp::{Options, Reassembly, Relay};
///
/// let options = Options::new().relay(Relay::ProxyAddress).reassemble(Reassembly::new());
/// let proxy = Proxy::socks5("proxy.example:1080")?.udp(options);
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) relay: Relay,
    pub(crate) source: Option<SocketAddr>,
    pub(crate) reassembly: Option<Reassembly>,
    pub(crate) any_source: bool,
}

/// Where the relay is, given BND.ADDR and BND.PORT of the proxy's reply (RFC 1928 §6).
///
/// Many proxies fill in an unspecified address, and mean their own; some reply a private address
/// that only they can reach; a few have their relay on another host.
///
/// A few reply a name. A literal address in its place is taken as the address. Any other name from
/// the proxy is resolved on this machine only with [`Resolve::Locally`](crate::Resolve::Locally);
/// with `Resolve::ByProxy` it is an error ([`NoRelay`](crate::ErrorKind::NoRelay)), and
/// [`ProxyAddress`](Self::ProxyAddress) or [`by`](Self::by) replaces the name. Of the addresses of
/// a name, those of the TCP connection's family come first.
///
/// Port 0, multicast addresses and 255.255.255.255 are refused with the same error.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Relay {
    /// The address in the reply. An unspecified address stands for the proxy's own.
    #[default]
    Told,
    /// The proxy's own address, and the port in the reply.
    ProxyAddress,
    /// The address in the reply, even if it is unspecified.
    AsIs,
    /// The address that a function returns, given the one in the reply and the proxy's own (`None`
    /// over a Unix-domain socket). A name that it returns is resolved on this machine, whatever
    /// [`Resolve`](crate::Resolve) says.
    By(Arc<FindRelay>),
}

/// What finds a relay, for [`Relay::By`].
pub type FindRelay = dyn Fn(&Address, Option<IpAddr>) -> Address + Send + Sync;

impl Relay {
    /// [`By`](Self::By) a function.
    #[must_use]
    pub fn by(find: impl Fn(&Address, Option<IpAddr>) -> Address + Send + Sync + 'static) -> Self {
        Self::By(Arc::new(find))
    }
}

impl Options {
    /// What is right for most proxies: the relay where it [is told](Relay::Told), no source
    /// declared, fragments dropped, other sources than the peer dropped.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the relay is.
    #[must_use]
    pub fn relay(mut self, relay: Relay) -> Self {
        self.relay = relay;
        self
    }

    /// The address and port to send from, which the request then declares. Port 0 is any free one; an unspecified address is that from
    /// which the proxy is reached over TCP.
    ///
    /// Without this the request declares zeros, as most proxies like it, of the family of the TCP connection: Dante takes the relay's
    /// family from that. A few proxies answer only to the source that was declared.
    #[must_use]
    pub fn source(mut self, source: impl Into<Option<SocketAddr>>) -> Self {
        self.source = source.into();
        self
    }

    /// Whether a connected socket receives whatever source the relay names. The default is
    /// `false`: it drops and [counts](crate::udp::SocksUdpSocket::dropped) datagrams from any
    /// source but its peer.
    ///
    /// Set this for a relay that names another source than the sender, such as the client's own
    /// address: of such a relay, a connected socket receives nothing otherwise. Any host that can
    /// send to the relay's outer port can then be the sender, so the protocol above has to
    /// authenticate its peer, as QUIC and DTLS do, or at least match answers to questions, as DNS
    /// does. Datagrams from another address than the relay's are never received.
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

    /// Whether to put fragments together; without this they are dropped, as RFC 1928 §7 asks of who does not.
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
