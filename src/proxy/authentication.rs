//! How the client authenticates to a proxy.

use super::{Endpoint, Proxy, query};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::gssapi::Gssapi;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::socks4::UserId;
use crate::protocol::socks5::{Auth, Credentials, ISOLATED};

/// # Authentication
///
/// Each of these methods replaces the authentication that was set before.
impl Proxy {
    /// Offers no authentication and username/password, in this order ([`Auth::password`]).
    ///
    /// # Errors
    ///
    /// - [`Invalid::PasswordOverSocks4`]: this is a SOCKS4 proxy.
    /// - [`Invalid::UserEmpty`], [`Invalid::UserTooLong`], [`Invalid::PasswordTooLong`]: the
    ///   credentials are not valid ([`Credentials::new`]).
    #[doc(alias = "connect_with_password")]
    #[doc(alias = "bind_with_password")]
    #[doc(alias = "with_auth")]
    pub fn password(self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.credentials(user, password, Auth::password)
    }

    /// Offers username/password alone ([`Auth::password_only`]).
    ///
    /// # Errors
    ///
    /// - Those of [`password`](Self::password).
    pub fn password_only(self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.credentials(user, password, Auth::password_only)
    }

    /// Isolates streams in Tor: streams with different tokens share no circuit.
    ///
    /// The token is sent as the password, with a user name defined by
    /// [Tor's extensions](https://spec.torproject.org/socks-extensions.html). No other METHOD is
    /// offered. A handshake that was [pipelined](Auth::pipelined) stays pipelined.
    ///
    /// ```
    /// use anysocks::Proxy;
    ///
    /// let tor = Proxy::socks5("127.0.0.1:9050")?;
    /// let alice = tor.clone().isolated("alice")?;
    /// let bob = tor.clone().isolated("bob")?;
    /// let unique = tor.isolated_randomly()?;
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Invalid::PasswordOverSocks4`]: this is a SOCKS4 proxy.
    /// - [`Invalid::PasswordTooLong`]: the token has more than 255 bytes.
    #[doc(alias = "tor")]
    #[doc(alias = "isolation")]
    pub fn isolated(self, token: impl AsRef<[u8]>) -> Result<Self, Error> {
        let pipelined = matches!(self.protocol(), SocksProtocol::V5(auth) if auth.is_pipelined());
        self.credentials(ISOLATED, token, |token| Auth::password_only(token).pipelined(pipelined))
    }

    fn credentials(
        self,
        user: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
        auth: impl FnOnce(Credentials) -> Auth,
    ) -> Result<Self, Error> {
        match self.protocol() {
            SocksProtocol::V5(_) => self.auth(auth(Credentials::new(user, password)?)),
            SocksProtocol::V4(_) => Err(Invalid::PasswordOverSocks4.into()),
        }
    }

    /// Sets the METHODs that the client offers.
    ///
    /// # Errors
    ///
    /// - [`Invalid::MethodOverSocks4`]: this is a SOCKS4 proxy.
    pub fn auth(self, auth: Auth) -> Result<Self, Error> {
        match self.protocol() {
            SocksProtocol::V5(_) => Ok(self.authenticated(SocksProtocol::V5(auth), None)),
            SocksProtocol::V4(_) => Err(Invalid::MethodOverSocks4.into()),
        }
    }

    fn authenticated(self, protocol: SocksProtocol, query: Option<Box<str>>) -> Self {
        self.set(|settings| {
            settings.protocol = protocol;
            settings.query = query;
        })
    }

    /// Offers GSS-API alone ([`Auth::gssapi`]).
    ///
    /// The service is `rcmd` at the proxy's host, or that of [`Gssapi::service`].
    ///
    /// ```
    /// use anysocks::gssapi::{Gssapi, Mechanism};
    /// use anysocks::{Error, Proxy};
    ///
    /// fn proxies(kerberos: impl Mechanism + 'static) -> Result<[Proxy; 2], Error> {
    ///     let gssapi = Gssapi::with(kerberos);
    ///     let by_name = Proxy::socks5("gw.example:1080")?.gssapi(gssapi.clone())?;
    ///     let by_ip = Proxy::socks5("192.0.2.1:1080")?.gssapi(gssapi.service("rcmd@gw.example"))?;
    ///     Ok([by_name, by_ip])
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Invalid::MethodOverSocks4`]: this is a SOCKS4 proxy.
    /// - [`Invalid::ServiceHost`]: the proxy is at an IP address or a Unix-domain socket, and the
    ///   service is without a host.
    #[doc(alias = "kerberos")]
    pub fn gssapi(self, gssapi: Gssapi) -> Result<Self, Error> {
        if !matches!(self.endpoint(), Endpoint::Name(..)) {
            gssapi.check_host()?;
        }
        let query = query::of(&gssapi);
        Ok(self.auth(Auth::gssapi(gssapi))?.set(|settings| settings.query = query))
    }

    /// Sets the user id that the client sends to a SOCKS4 proxy.
    ///
    /// # Errors
    ///
    /// - [`Invalid::UserIdOverSocks5`]: this is a SOCKS5 proxy.
    /// - [`Invalid::UserIdNul`], [`Invalid::UserIdTooLong`]: the user id is not valid
    ///   ([`UserId::new`]).
    #[doc(alias = "connect_with_userid")]
    #[doc(alias = "bind_with_userid")]
    pub fn user_id(self, id: impl AsRef<[u8]>) -> Result<Self, Error> {
        match self.protocol() {
            SocksProtocol::V4(_) => Ok(self.authenticated(SocksProtocol::V4(UserId::new(id)?), None)),
            SocksProtocol::V5(_) => Err(Invalid::UserIdOverSocks5.into()),
        }
    }
}
