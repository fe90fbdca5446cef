//! A proxy as a value: where it is, what it speaks, and how to talk to it.

mod endpoint;
pub(crate) mod into_proxy;
pub(crate) mod random;
mod resolve;
mod socket;
pub(crate) mod udp_options;
mod url;
mod zone;

pub use endpoint::Endpoint;
pub use resolve::Resolve;
pub(crate) use socket::SocketOptions;

use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use crate::protocol::proxy_protocol::ProxyProtocol;
use crate::protocol::socks4::UserId;
use crate::protocol::socks5::{Auth, Credentials};
use crate::protocol::version::{V4, V5, Version};
use crate::proxy::random::random_token;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A proxy: where it is, which SOCKS it speaks, and how to talk to it.
///
/// From code:
///
/// ```
/// use anysocks::Proxy;
/// use std::time::Duration;
///
/// let proxy = Proxy::socks5("proxy.example:1080")?
///     .password("user", "p@ss")?
///     .timeout(Duration::from_secs(10));
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// From a URL, `scheme://[user[:password]@]host[:port]` or
/// `scheme+unix://[user[:password]@]/path`. User, password and path are percent-decoded to bytes;
/// the port is 1080 where none is given. `Display` gives the URL back, without the password. White
/// space around a URL is ignored.
///
/// | in a URL | means |
/// |---|---|
/// | `user@`, `user:@` | a user name and an empty password |
/// | `:@` | no credentials, as without it |
/// | `[fe80::1%25eth0]`, `[fe80::1%252]` | an IPv6 address with a zone (RFC 6874): the name or the number of an interface |
/// | `[fe80::1%eth0]`, `[fe80::1%2]` | the same, if the zone does not begin with `25` |
/// | `socks5h+unix://%00name` | an abstract Unix-domain socket of Linux |
///
/// A zone's name is looked up when the URL is read, on Linux; elsewhere a zone is a number. A URL
/// has no place for METHODs other than no authentication and username/password, for the options of
/// [`Proxy`], and for flow information.
///
/// ```
/// use anysocks::Proxy;
///
/// let proxy: Proxy = "socks5h://user:p%40ss@proxy.example".parse()?;
/// assert_eq!(proxy.to_string(), "socks5h://user@proxy.example:1080");
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// | scheme | protocol | who resolves the target's name |
/// |---|---|---|
/// | `socks4` | SOCKS4 | this machine |
/// | `socks4a` | SOCKS4a | the proxy |
/// | `socks5` | SOCKS5 | this machine |
/// | `socks5h`, `socks` | SOCKS5 | the proxy |
/// | `...+tls`, `socks5s` | the same, behind TLS ([`behind_tls`](Self::behind_tls)); `socks5h+tls` | as without |
/// | made in code | as made | the proxy, unless [`resolve`](Self::resolve) says otherwise |
#[derive(Clone, Debug)]
pub struct Proxy {
    endpoint: Endpoint,
    protocol: ProxyProtocol,
    resolve: Resolve,
    timeout: Option<Duration>,
    socket: SocketOptions,
    udp: udp_options::Options,
    tls: bool,
}

impl Proxy {
    /// A SOCKS5 proxy without authentication.
    ///
    /// # Errors
    ///
    /// The text is no `host[:port]`.
    pub fn socks5(at: impl TryInto<Endpoint, Error: Into<Error>>) -> Result<Self, Error> {
        at.try_into().map(Self::speaking::<V5>).map_err(Into::into)
    }

    /// A SOCKS4 proxy without a user id. It must know SOCKS4a for the names of targets, unless they are resolved on this machine.
    ///
    /// # Errors
    ///
    /// The text is no `host[:port]`.
    pub fn socks4(at: impl TryInto<Endpoint, Error: Into<Error>>) -> Result<Self, Error> {
        at.try_into().map(Self::speaking::<V4>).map_err(Into::into)
    }

    /// A proxy that speaks the version `V`, without authentication.
    pub(crate) fn speaking<V: Version>(endpoint: Endpoint) -> Self {
        Self::new(endpoint, V::unauthenticated())
    }

    fn new(endpoint: Endpoint, protocol: ProxyProtocol) -> Self {
        Self {
            endpoint,
            protocol,
            resolve: Resolve::default(),
            timeout: Some(DEFAULT_TIMEOUT),
            socket: SocketOptions::default(),
            udp: udp_options::Options::new(),
            tls: false,
        }
    }

    /// User name and password, for when the proxy wants them: [`Auth::password`].
    ///
    /// # Errors
    ///
    /// The proxy is a SOCKS4 one, or [`Credentials::new`] refuses them.
    #[doc(alias = "connect_with_password")]
    pub fn password(self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.credentials(user, password, Auth::password)
    }

    /// User name and password, and no other way in: [`Auth::password_only`].
    ///
    /// # Errors
    ///
    /// The proxy is a SOCKS4 one, or [`Credentials::new`] refuses them.
    pub fn password_only(self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.credentials(user, password, Auth::password_only)
    }

    /// Has Tor use circuits that no stream with another token shares: a user name and a password in the form that
    /// [Tor's extensions](https://spec.torproject.org/socks-extensions.html) give them, and no other METHOD. Whether everything leaves
    /// [in one write](Auth::pipelined) stays as it was.
    ///
    /// ```
    /// use anysocks::Proxy;
    ///
    /// let tor = Proxy::socks5("127.0.0.1:9050")?;
    /// let (alice, bob) = (tor.clone().isolated("alice")?, tor.clone().isolated("bob")?);
    /// let nobody_else = tor.isolated_randomly()?;
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The proxy is a SOCKS4 one, or the token is longer than 255 bytes.
    #[doc(alias = "tor")]
    #[doc(alias = "isolation")]
    pub fn isolated(self, token: impl AsRef<[u8]>) -> Result<Self, Error> {
        let pipelined = matches!(&self.protocol, ProxyProtocol::V5(auth) if auth.is_pipelined());
        self.credentials(ISOLATED, token, |token| Auth::password_only(token).pipelined(pipelined))
    }

    /// The same, with a random token, which the clones of this proxy share.
    ///
    /// # Errors
    ///
    /// The proxy is a SOCKS4 one, or the system has no random bytes.
    pub fn isolated_randomly(self) -> Result<Self, Error> {
        let token = random_token::<16>().map_err(|error| Error::io(Stage::Preparation, error))?;
        self.isolated(token.as_bytes())
    }

    fn credentials(
        self,
        user: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
        auth: impl FnOnce(Credentials) -> Auth,
    ) -> Result<Self, Error> {
        match self.protocol {
            ProxyProtocol::V5(_) => self.auth(auth(Credentials::new(user, password)?)),
            ProxyProtocol::V4(_) => Err(Invalid::PasswordOverSocks4.into()),
        }
    }

    /// The METHODs to offer, in place of those set before.
    ///
    /// # Errors
    ///
    /// The proxy is a SOCKS4 one.
    pub fn auth(mut self, auth: Auth) -> Result<Self, Error> {
        match &mut self.protocol {
            ProxyProtocol::V5(old) => *old = auth,
            ProxyProtocol::V4(_) => return Err(Invalid::MethodOverSocks4.into()),
        }
        Ok(self)
    }

    /// The user id of a SOCKS4 proxy.
    ///
    /// # Errors
    ///
    /// The proxy is a SOCKS5 one, or [`UserId::new`] refuses the id.
    pub fn user_id(mut self, id: impl AsRef<[u8]>) -> Result<Self, Error> {
        match &mut self.protocol {
            ProxyProtocol::V4(old) => *old = UserId::new(id)?,
            ProxyProtocol::V5(_) => return Err(Invalid::UserIdOverSocks5.into()),
        }
        Ok(self)
    }

    /// Who resolves the names of targets.
    #[must_use]
    pub const fn resolve(mut self, resolve: Resolve) -> Self {
        self.resolve = resolve;
        self
    }

    /// Sets the time that dialling and handshake together may take. The default is 30 seconds;
    /// `None` sets no limit.
    ///
    /// With [`Resolve::Locally`], the addresses of the target's name share this time. The request
    /// for an address times out after the remaining time divided by the number of remaining
    /// addresses, but not before 2 seconds, and the next address follows. Dialling and
    /// authentication may use all of the remaining time. Without a limit, the request for an
    /// address never times out.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sets whether `TCP_NODELAY` is on, so that small writes leave at once. It is on by default.
    ///
    /// Off, the system may join small writes: they are about 14 % faster then, and a write can wait
    /// for the acknowledgement of the one before it.
    #[must_use]
    pub const fn nodelay(mut self, nodelay: bool) -> Self {
        self.socket.nodelay = nodelay;
        self
    }

    /// Sets how long the connection may be silent before the system probes whether the proxy still
    /// answers (TCP keepalive). `None`, the default, switches the probes off.
    ///
    /// The time is rounded down to whole seconds and limited to the range that every system
    /// accepts, from 1 to 32,767 seconds (nine hours). How often the system probes, and when it
    /// closes the connection, are its own settings.
    #[must_use]
    pub fn keepalive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.socket.keepalive = after.into();
        self
    }

    /// Sets the address of this machine to connect from, for TCP and, without its port, for the
    /// datagrams of an association. `None`, the default, leaves the choice to the system.
    ///
    /// With port 0, the system chooses a port for each connection. On Linux, connections to
    /// different proxy addresses can share a port (`IP_BIND_ADDRESS_NO_PORT`); on other systems,
    /// and for datagrams, each takes a port of its own.
    ///
    /// With any other port, there can be one connection at a time, on Linux one to each proxy
    /// address. After that is closed, the system may refuse the next one for some minutes.
    ///
    /// The proxy is dialled only at addresses of the same family. Addresses of the other family
    /// are listed in [`Unreachable`](crate::ErrorKind::Unreachable) with the kind
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput). A relay of the other family is an error
    /// of [`Stage::Association`](crate::Stage::Association). [`udp::Options::source`](crate::udp::Options::source) sets another
    /// address for the datagrams.
    #[must_use]
    pub fn local_addr(mut self, addr: impl Into<Option<SocketAddr>>) -> Self {
        self.socket.local_addr = addr.into();
        self
    }

    /// How associations are made (UDP ASSOCIATE).
    #[must_use]
    pub fn udp(mut self, options: udp_options::Options) -> Self {
        self.udp = options;
        self
    }

    /// Whether the proxy is behind TLS, as the URL's `+tls` says. It can be reached by a [`Connector`](crate::Connector) that wraps its
    /// streams, or by `dial` and a handshake of one's own; all else refuses it.
    #[doc(alias = "tls")]
    #[doc(alias = "ssl")]
    #[must_use]
    pub const fn behind_tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Whether the proxy [is behind TLS](Self::behind_tls).
    #[must_use]
    pub const fn is_behind_tls(&self) -> bool {
        self.tls
    }

    /// Which SOCKS the proxy speaks, and what the client identifies itself with.
    #[must_use]
    pub const fn protocol(&self) -> &ProxyProtocol {
        &self.protocol
    }

    /// Where the proxy listens.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Who resolves the names of targets.
    #[must_use]
    pub const fn resolves(&self) -> Resolve {
        self.resolve
    }

    /// The time limit that [`timeout`](Self::timeout) has set.
    #[must_use]
    pub const fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) const fn udp_options(&self) -> &udp_options::Options {
        &self.udp
    }

    pub(crate) const fn socket(&self) -> &SocketOptions {
        &self.socket
    }
}

/// The user name by which Tor knows that the password is an isolation token.
const ISOLATED: &str = "<torS0X>0";
