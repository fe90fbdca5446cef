//! The METHODs that a client offers.

use super::credentials::{Credentials, ISOLATED};
use super::method::{Method, Purpose};
use super::offer::{GSSAPI, Offer, Selected, Start};
use crate::error::invalid::Invalid;
use crate::error::{Detail, Error};
use crate::protocol::command::Command;
use crate::protocol::conversation::Scratch;
use crate::protocol::target::Host;
use std::fmt;
use std::sync::Arc;

pub(super) const NO_ACCEPTABLE: u8 = 0xFF;

/// No authentication, as most proxies want it: it takes no memory of its own.
const NONE: &[Offer] = &[Offer::None];

/// The METHODs that a SOCKS5 client offers, in this order (RFC 1928 §3).
///
/// The proxy chooses one of them. A handshake fails with
/// [`ErrorKind::MethodsRefused`](crate::ErrorKind::MethodsRefused) if it accepts none.
///
/// ```
/// use anysocks::{Auth, Credentials};
///
/// let none = Auth::none();                                                    // X'00'
/// let either = Auth::password(Credentials::new("user", "secret")?);           // X'00', X'02'
/// let only = Auth::password_only(Credentials::new("user", "secret")?);        // X'02'
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// [`Proxy::auth`](crate::Proxy::auth) sets them for a proxy. A `handshake` over the caller's
/// stream takes them as an argument.
#[doc(alias = "AuthenticationMethod")]
#[derive(Clone)]
pub struct Auth {
    /// `None` is [`NONE`].
    offers: Option<Arc<[Offer]>>,
    /// For custom METHODs.
    connection: Option<Arc<Connection>>,
    pipelined: bool,
}

/// The connection for which METHODs are negotiated, as far as it is known.
#[derive(Clone, Debug)]
struct Connection {
    host: Option<Host<'static>>,
    hop: usize,
    hops: usize,
}

impl Auth {
    /// Offers no authentication (`00`).
    #[must_use]
    pub fn none() -> Self {
        Self { offers: None, connection: None, pipelined: false }
    }

    /// Offers no authentication and username/password (`00`, `02`).
    ///
    /// The order matters: a few proxies without accounts choose passwords if these are offered
    /// first, and then refuse every password. Proxies with accounts choose passwords in either
    /// order.
    #[must_use]
    pub fn password(credentials: Credentials) -> Self {
        Self::offering([Offer::None, Offer::Password(credentials)])
    }

    /// Offers username/password alone (`02`).
    ///
    /// This suits a proxy that distinguishes its users but also accepts clients without a
    /// password. For stream isolation in Tor, see [`Proxy::isolated`](crate::Proxy::isolated).
    #[must_use]
    pub fn password_only(credentials: Credentials) -> Self {
        Self::offering([Offer::Password(credentials)])
    }

    /// Offers a custom [`Method`] alone, which needs no preparation.
    ///
    /// `code` is the METHOD's code: `03` to `7F` are assigned by IANA, `80` to `FE` are private.
    ///
    /// `start` creates the METHOD when the proxy has selected it. It must not block: on an
    /// asynchronous front end it runs inside a poll. If it fails, the connection fails with its
    /// error.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NotAMethod`]: the code is `FF`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anysocks::protocol::Method;
    /// use anysocks::{Auth, Error};
    ///
    /// /// Offers `new_method` as METHOD X'80', and also no authentication.
    /// fn auth(new_method: fn() -> Box<dyn Method>) -> Result<Auth, Error> {
    ///     Auth::method(0x80, move |_| Ok(new_method()))?.or(Auth::none())
    /// }
    /// ```
    ///
    /// [`Method`] has a complete METHOD.
    pub fn method(
        code: u8,
        start: impl Fn(&Purpose<'_>) -> Result<Box<dyn Method>, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::check_code(code)?;
        Ok(Self::selected_method(code, false, start))
    }

    /// Offers a custom [`Method`] alone, whose preparation may block: for the network, files or a
    /// device.
    ///
    /// `prepare` creates the METHOD for each connection before the proxy is dialled, even if the
    /// proxy then selects another one. If it fails, the connection fails with its error at
    /// [`Stage::Preparation`](crate::Stage::Preparation).
    ///
    /// | call | `prepare` runs |
    /// |---|---|
    /// | a call that dials the proxy | on another thread, within the timeouts of the proxy and the chain |
    /// | a `handshake` over a stream, of tokio, smol or async-std | on another thread, without a time limit |
    /// | a `handshake` over a stream, blocking | on the caller's thread, without a time limit |
    /// | a `handshake` of `futures`, a custom driver | in a call of [`Auth::prepare`](Self::prepare), which the caller has to make |
    ///
    /// At most 32 threads of the process run preparations and lookups of names. A preparation that
    /// finds no free thread by its deadline fails with an error of the kind
    /// [`TimedOut`](std::io::ErrorKind::TimedOut) that names the limit. So `prepare` must not wait
    /// for a lookup or a preparation of this crate: 32 of them at once would wait for each other.
    ///
    /// If a timeout passes, or the call is dropped, a `prepare` that has begun continues on its
    /// thread, and its result is dropped.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NotAMethod`]: the code is `FF`.
    ///
    /// [`Method`] has an example.
    pub fn prepared_method(
        code: u8,
        prepare: impl Fn(&Purpose<'_>) -> Result<Box<dyn Method>, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::check_code(code)?;
        Ok(Self::prepared(code, prepare))
    }

    fn check_code(code: u8) -> Result<(), Error> {
        if code == NO_ACCEPTABLE { Err(Invalid::NotAMethod.into()) } else { Ok(()) }
    }

    /// Offers a METHOD with a valid code, which starts when the proxy has selected it. With one of
    /// SOCKS5a, the request can have its commands and addresses.
    pub(crate) fn selected_method(
        code: u8,
        is_socks5a: bool,
        start: impl Fn(&Purpose<'_>) -> Result<Box<dyn Method>, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::offering([Offer::Custom { code, start: Start::Selected(Arc::new(start)), is_socks5a }])
    }

    /// Offers METHOD `01`, with this preparation.
    pub(crate) fn prepared_gssapi(
        prepare: impl Fn(&Purpose<'_>) -> Result<Box<dyn Method>, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::prepared(GSSAPI, prepare)
    }

    fn prepared(
        code: u8,
        prepare: impl Fn(&Purpose<'_>) -> Result<Box<dyn Method>, Error> + Send + Sync + 'static,
    ) -> Self {
        let start = Start::Prepared(Arc::new(prepare));
        Self::offering([Offer::Custom { code, start, is_socks5a: false }])
    }

    /// Sets the proxy's host, for GSS-API and for custom METHODs ([`Purpose::host`]).
    ///
    /// A handshake over a stream needs it, and so does a proxy at several addresses or at a
    /// Unix-domain socket. For other calls that dial, it replaces the host of their
    /// [`Proxy`](crate::Proxy): a proxy that is dialled at an IP address may have a name.
    ///
    /// # Errors
    ///
    /// - Those of the conversion to a [`Host`]: it is neither a name nor an IP address.
    pub fn host<'h>(self, host: impl TryInto<Host<'h>, Error: Into<Error>>) -> Result<Self, Error> {
        let host = host.try_into().map_err(Into::into)?;
        let connection = Connection { host: Some(host.into_owned()), hop: 1, hops: 1 };
        Ok(Self { connection: Some(Arc::new(connection)), ..self })
    }

    /// Sets the connection. A host that was set before stays.
    pub(crate) fn for_connection(self, host: Option<Host<'static>>, hop: usize, hops: usize) -> Self {
        let host = self.connection.as_ref().and_then(|before| before.host.clone()).or(host);
        Self { connection: Some(Arc::new(Connection { host, hop, hops })), ..self }
    }

    /// Prepares all offered METHODs, for one connection with this command.
    ///
    /// The call blocks as long as the functions of [`prepared_method`](Self::prepared_method) do.
    /// Only a handshake of the front end `futures` and a custom driver need it.
    ///
    /// The returned value and its clones serve one handshake together. If the proxy selects the
    /// METHOD in a second one, that fails with [`Invalid::MethodUsed`].
    ///
    /// # Errors
    ///
    /// - The error of the first METHOD that fails, at
    ///   [`Stage::Preparation`](crate::Stage::Preparation). No METHOD is left out.
    /// - [`Invalid::MethodUsed`]: a METHOD was prepared before, and a handshake has used it.
    /// - [`Invalid::NotPipelinable`]: this is [pipelined](Self::pipelined), and the METHOD does not
    ///   support it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anysocks::protocol::{Command, Socks5};
    /// use anysocks::{Auth, Error, Target};
    ///
    /// fn connect(auth: Auth, target: Target<'_>) -> Result<(), Error> {
    ///     let auth = auth.host("proxy.example")?.prepare(Command::Connect)?;
    ///     let request = Socks5::connect(&auth, target)?;
    ///     // Drive the request over a stream to the proxy.
    ///     Ok(())
    /// }
    /// ```
    pub fn prepare(&self, command: Command) -> Result<Self, Error> {
        let codes = self.codes();
        let purpose = self.purpose(command, &codes);
        let prepared = self.offers().iter().map(|offer| offer.prepare(&purpose));
        let prepared = Self { offers: Some(prepared.collect::<Result<_, _>>()?), ..self.clone() };
        prepared.checked_pipelined()?;
        Ok(prepared)
    }

    /// Returns whether a METHOD has yet to be prepared.
    pub(crate) fn needs_preparation(&self) -> bool {
        self.offers().iter().any(Offer::needs_preparation)
    }

    /// Fails if a METHOD has yet to be prepared, or if it was prepared for a connection that has
    /// used it.
    #[inline]
    pub(crate) fn check_prepared(&self) -> Result<(), Error> {
        self.offers().iter().try_for_each(Offer::check_prepared)
    }

    fn codes(&self) -> Vec<u8> {
        self.offers().iter().map(Offer::code).collect()
    }

    fn purpose<'p>(&'p self, command: Command, offered: &'p [u8]) -> Purpose<'p> {
        let connection = self.connection.as_deref();
        Purpose {
            command,
            host: connection.and_then(|connection| connection.host.as_ref()).map(Host::borrowed),
            hop: connection.map_or(1, |connection| connection.hop),
            hops: connection.map_or(1, |connection| connection.hops),
            offered,
        }
    }

    /// Appends the METHODs of `other` to the offered ones. The proxy selects one of them.
    ///
    /// **Downgrades.** The selection is not protected. An attacker on the path to the proxy can
    /// replace it by the weakest offered METHOD, such as no authentication. So do not add
    /// alternatives to a METHOD whose encapsulation or authentication of the proxy you rely on.
    ///
    /// # Errors
    ///
    /// - [`Invalid::MethodTwice`]: a METHOD would be offered twice.
    pub fn or(mut self, other: Self) -> Result<Self, Error> {
        if let Some(twice) = other.offers().iter().find(|offer| self.offers_code(offer.code())) {
            return Err(Invalid::MethodTwice(twice.code()).into());
        }
        self.offers = Some(self.offers().iter().chain(other.offers()).cloned().collect());
        self.pipelined |= other.pipelined;
        self.connection = self.connection.or(other.connection);
        Ok(self)
    }

    /// Sets whether greeting, credentials and request are sent in one `write`. It is off by
    /// default.
    ///
    /// The client then does not wait for the proxy's answers in between. This saves one round
    /// trip, with a password two. A client knows what to send only if it offers exactly one
    /// METHOD: none, or username/password. With GSS-API, and with a custom METHOD that supports it
    /// ([`Method::request`]), the request is sent together with the METHOD's last message, which
    /// saves one round trip. Otherwise a handshake fails with [`Invalid::NotPipelinable`] before
    /// anything is sent.
    ///
    /// A proxy must support it:
    ///
    /// | proxy | pipelined handshake |
    /// |---|---|
    /// | Tor, Dante, OpenSSH, shadowsocks-libev, v2ray, fast-socks5 | accepted |
    /// | plink, asyncssh, pproxy, shadowsocks-rust (sslocal), socks5-impl, 3proxy, go-socks5, @heroku/socksv5, mitmproxy | accepted |
    /// | microsocks, simple-socks | hangs |
    /// | trojan | connection closed |
    #[doc(alias = "send_optimistically")]
    #[doc(alias = "set_skip_auth")]
    #[must_use]
    pub const fn pipelined(mut self, pipelined: bool) -> Self {
        self.pipelined = pipelined;
        self
    }

    pub(crate) const fn is_pipelined(&self) -> bool {
        self.pipelined
    }

    fn offering<const N: usize>(offers: [Offer; N]) -> Self {
        Self { offers: Some(Arc::new(offers)), connection: None, pipelined: false }
    }

    #[inline]
    fn offers(&self) -> &[Offer] {
        self.offers.as_deref().unwrap_or(NONE)
    }

    fn offers_code(&self, code: u8) -> bool {
        self.offers().iter().any(|offer| offer.code() == code)
    }

    /// Returns whether all messages of a handshake are sent in one write, or an error if it is
    /// pipelined and can't be.
    #[inline]
    pub(super) fn checked_pipelined(&self) -> Result<bool, Error> {
        match (self.pipelined, self.offers()) {
            (false, _) => Ok(false),
            (true, [Offer::None | Offer::Password(_)]) => Ok(true),
            (true, [offer]) if offer.may_take_request() => Ok(false),
            (true, _) => Err(Invalid::NotPipelinable.into()),
        }
    }

    /// Returns what a METHOD sends together with the greeting. The proxy must have no choice.
    #[inline]
    pub(super) fn opening(&self) -> &[u8] {
        if let [offer] = self.offers() { offer.opening() } else { &[] }
    }

    /// Returns whether a custom METHOD is offered. Only after such a one can the proxy speak next.
    #[inline]
    pub(crate) fn has_custom_method(&self) -> bool {
        self.offers().iter().any(|offer| matches!(offer, Offer::Custom { .. }))
    }

    /// Returns whether a METHOD of SOCKS5a is offered.
    #[inline]
    pub(super) fn offers_socks5a(&self) -> bool {
        self.offers().iter().any(|offer| matches!(offer, Offer::Custom { is_socks5a: true, .. }))
    }

    /// Returns the credentials of an offered username/password METHOD.
    #[inline]
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.offers().iter().find_map(|offer| match offer {
            Offer::Password(credentials) => Some(credentials),
            _ => None,
        })
    }

    /// Returns which METHOD was offered alone, for the error of a proxy that refuses it.
    pub(super) fn offered(&self) -> Option<Detail> {
        match self.offers() {
            [Offer::None] => Some(Detail::NoPassword),
            [Offer::Password(credentials)] if credentials.user() == ISOLATED.as_bytes() => {
                Some(Detail::IsolationToken)
            }
            [Offer::Password(_)] => Some(Detail::OnlyPassword),
            [Offer::Custom { code, .. }] => Some(Detail::OnlyMethod(*code)),
            _ => None,
        }
    }

    /// Starts the METHOD with this code. Returns `None` if it was not offered.
    #[inline]
    pub(super) fn select(&self, code: u8, command: Command) -> Result<Option<Selected>, Error> {
        let Some(offer) = self.offers().iter().find(|offer| offer.code() == code) else { return Ok(None) };
        match offer {
            Offer::None => Ok(Some(Selected::None)),
            Offer::Password(_) => Ok(Some(Selected::Password)),
            Offer::Custom { code, start, .. } => {
                let selected = start.select(*code, &self.purpose(command, &self.codes()));
                selected.map(|method| Some(Selected::Custom(method)))
            }
        }
    }

    /// Appends `05 | NMETHODS | METHODS`.
    #[inline]
    pub(super) fn put_greeting(&self, message: &mut Scratch) {
        match self.offers() {
            [offer] => message.put(&[5, 1, offer.code()]),
            [first, second] => message.put(&[5, 2, first.code(), second.code()]),
            offers => {
                message.put(&[5]);
                message.put_count(offers.len());
                for offer in offers {
                    message.put(&[offer.code()]);
                }
            }
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for offer in self.offers() {
            match offer {
                Offer::None => list.entry(&format_args!("none")),
                Offer::Password(credentials) => list.entry(credentials),
                Offer::Custom { code, .. } => list.entry(&format_args!("X'{code:02X}'")),
            };
        }
        list.finish()
    }
}
