//! What a client may want to be done differently about datagrams.

use super::reassembly::Reassembly;
use crate::address::Address;
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
    pub(super) relay: Relay,
    pub(super) source: Option<SocketAddr>,
    pub(super) reassembly: Option<Reassembly>,
}

/// Where the relay is, given what the proxy says (BND.ADDR and BND.PORT, RFC 1928 §6).
///
/// Many proxies fill in an unspecified address, and mean their own; some name a private address that only they can reach; a few have
/// their relay on another host.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Relay {
    /// Where the proxy says; at the proxy's own address if it gives the port alone, with an unspecified address.
    #[default]
    Told,
    /// At the proxy's own address, whatever it says, and the port that it says.
    ProxyAddress,
    /// Exactly where the proxy says.
    AsIs,
    /// As a function finds, from what the proxy says and the address by which it is reached (none over a Unix-domain socket). A name that
    /// it gives is resolved.
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
    /// What is right for most proxies: the relay where it [is told](Relay::Told), no source declared, fragments dropped.
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
