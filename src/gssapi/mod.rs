//! GSS-API authentication (RFC 1961), with the traffic protected: METHOD `01`.
//!
//! A [`Gssapi`] contains a [`Mechanism`], such as Kerberos, and options. The client and the proxy
//! authenticate each other. The request, the replies, the relayed bytes and the datagrams are then
//! sealed: CONNECT, BIND and UDP ASSOCIATE, at any proxy of a chain.
//!
//! ```
//! use anysocks::gssapi::{Gssapi, Level, Mechanism};
//! use anysocks::{Error, Proxy};
//!
//! fn proxy(kerberos: impl Mechanism + 'static) -> Result<Proxy, Error> {
//!     Proxy::socks5("gw.example:1080")?.gssapi(Gssapi::with(kerberos).level(Level::Integrity))
//! }
//! ```
//!
//! With the feature `gssapi`, `kerberos::Kerberos` is such a mechanism, and `Gssapi::kerberos()`
//! uses the tickets of `kinit`. It loads the system's library at run time: `libgssapi_krb5.so.2`
//! on Linux, which on Debian is in the package `libgssapi-krb5-2`. In the URL of a proxy, this is
//! `socks5h://gw.example:1080?auth=gssapi&level=integrity&service=socks`; `level` and `service`
//! may be left out. The trait plugs in any other mechanism, also without the feature.
//!
//! [`Auth::gssapi`](crate::Auth::gssapi) offers it to a proxy or for a handshake over a stream.
//! [`Auth::or`](crate::Auth::or) adds alternatives. An attacker on the path can then choose the
//! weakest one.
//!
//! # Messages
//!
//! ```text
//!     client                                proxy
//!     05 01 01            ------------->
//!     01 01 LEN token     ------------->               the context: tokens until both ends are
//!                         <-------------    05 01      complete, one each way with Kerberos
//!                         <-------------    01 01 LEN token
//!     01 02 LEN wrap(level)  ---------->
//!                         <-------------    01 02 LEN wrap(level)
//!     01 03 LEN wrap(request)  -------->               from here on, all bytes are in frames
//!                         <-------------    01 03 LEN wrap(reply)
//!     01 03 LEN wrap(data)  <---------->    01 03 LEN wrap(data)
//!
//!     +-----+------+-------+------------------+
//!     | VER | MTYP |  LEN  |      TOKEN       |        VER: 01
//!     +-----+------+-------+------------------+        MTYP: 01 context, 02 level, 03 data
//!     |  1  |  1   |   2   | LEN, up to 65535 |        01 FF, without a length: abort
//!     +-----+------+-------+------------------+
//! ```
//!
//! If GSS-API alone is offered, the greeting and the first token leave in one write. With
//! [`Auth::pipelined`](crate::Auth::pipelined), the level and the request do so too. The request is
//! sealed at the requested level, and another granted level still ends the connection.
//!
//! | offered | round trips until the reply |
//! |---|---|
//! | GSS-API and another METHOD | 4 |
//! | GSS-API alone | 3 |
//! | GSS-API alone, pipelined | 2 |
//!
//! # Time limits
//!
//! A mechanism may wait for a KDC, DNS and files. This happens before the proxy is dialled, on a
//! thread for such work: it never blocks an executor. [`Proxy::timeout`](crate::Proxy::timeout)
//! covers it together with all that follows, and a dropped future stops waiting for it. For a
//! handshake over a stream, see [`Auth::gssapi`](crate::Auth::gssapi).
//!
//! # What is checked
//!
//! - **The level** never falls back. The proxy must grant the requested [`Level`]; any other one is
//!   an error. Only [`Gssapi::authentication_only`] leaves the bytes unprotected.
//! - **Flags** must be granted, not only requested: mutual authentication and integrity,
//!   confidentiality at [`Level::Confidentiality`], and replay detection. CONNECT and BIND need
//!   sequence detection too.
//! - **Encryption** is checked in both directions at [`Level::Confidentiality`], for each frame.
//! - **Order**: a frame of a stream that is lost, swapped or repeated is an error. The stream
//!   delivers nothing of it and nothing behind it. Datagrams may be lost or swapped; repeated ones
//!   are dropped and counted by [`dropped`](crate::udp::SocksUdpSocket::dropped).
//!
//! # Limits
//!
//! - **The end of a stream** is not protected. RFC 1961 has no close message, so a connection that
//!   is closed between two frames looks like the target's end of the stream. The application's
//!   protocol must detect truncation. A cut inside of a frame is an error.
//! - **Delegation** is off by default ([`Gssapi::delegate`]), although RFC 1961 §3.2 always
//!   requests it. A proxy needs no credentials of the user to relay bytes, and a compromised one
//!   could use them for any service.
//! - **Protection per message** (level 3 of RFC 1961 §4) is not supported: no known server grants
//!   it. [`Level`] may get it later.
//! - **Lengths**: a frame is sealed from at most 16 KiB, which bounds memory and the time on an
//!   executor. Frames of up to 65,535 bytes are accepted. A datagram is one frame, so
//!   [`max_payload`](crate::udp::SocksUdpSocket::max_payload) depends on the session key: see the
//!   table below.
//! - **Windows**: SSPI can be plugged in as a [`Mechanism`]; this crate has none for it.
//!
//! A frame is longer than its content by 4 bytes and by the overhead of Kerberos:
//!
//! | session key | integrity | confidentiality |
//! |---|---|---|
//! | `aes128-cts-hmac-sha1-96`, `aes256-cts-hmac-sha1-96` | 28 | 60 |
//! | `aes128-cts-hmac-sha256-128`, `camellia256-cts-cmac` | 32 | 64 |
//! | `aes256-cts-hmac-sha384-192` | 40 | 72 |
//!
//! With a key of the first row, a datagram over IPv4 holds 65,465 bytes at [`Level::Integrity`] and
//! 65,433 bytes at [`Level::Confidentiality`].
//!
//! # Errors
//!
//! The errors of this module are an [`Error`] inside of an [`anysocks::Error`](crate::Error) or an
//! `io::Error`. [`Error::of`] finds it.

mod error;
mod frames;
#[cfg(all(feature = "gssapi", any(unix, windows)))]
pub mod kerberos;
#[cfg(not(all(feature = "gssapi", any(unix, windows))))]
#[path = "no_kerberos.rs"]
mod kerberos;
mod level;
mod mechanism;
mod message;
mod negotiation;
mod service;

pub use error::Error;
pub use level::Level;
pub use mechanism::{Begun, Cause, Context, Failure, Flags, Mechanism, Next, Order, Unwrapped, Wanted};
pub use service::Service;

use crate::protocol::socks5::{Auth, Method, Purpose};
use level::Terms;
use negotiation::Negotiation;
use std::fmt;
use std::sync::Arc;

/// GSS-API authentication: a mechanism and options.
///
/// A value serves any number of connections. Each one begins a context of its own, before the proxy
/// is dialled, on a thread where the mechanism may block.
///
/// | option | default |
/// |---|---|
/// | [`level`](Self::level) | [`Level::Confidentiality`] |
/// | [`service`](Self::service) | `rcmd` at the proxy's host, as in RFC 1961 §3.1 |
/// | [`delegate`](Self::delegate) | off |
#[derive(Clone)]
pub struct Gssapi {
    mechanism: Arc<dyn Mechanism>,
    service: Service,
    /// `None` for authentication only.
    level: Option<Level>,
    delegate: bool,
    /// Whether a URL means this mechanism.
    in_urls: bool,
}

impl Gssapi {
    /// Authenticates with this mechanism, and protects all later bytes.
    #[must_use]
    pub fn with(mechanism: impl Mechanism + 'static) -> Self {
        Self::of(Arc::new(mechanism))
    }

    /// Authenticates with this mechanism, and leaves all later bytes **unprotected**.
    ///
    /// The client requests level 0, which RFC 1961 does not define. Dante grants it if its
    /// configuration allows it, and curl requests it. An attacker on the path can read and change
    /// the request, the replies and the relayed bytes.
    ///
    /// A later call of [`level`](Self::level) replaces this.
    #[must_use]
    pub fn authentication_only(mechanism: impl Mechanism + 'static) -> Self {
        Self { level: None, ..Self::with(mechanism) }
    }

    fn of(mechanism: Arc<dyn Mechanism>) -> Self {
        let (service, level) = (Service::default(), Some(Level::default()));
        Self { mechanism, service, level, delegate: false, in_urls: false }
    }

    /// Returns what `auth=gssapi` means in a URL: the mechanism of this build.
    pub(crate) fn of_url() -> Result<Self, crate::Error> {
        Ok(Self { in_urls: true, ..Self::of(kerberos::mechanism()?) })
    }

    /// A mechanism that a URL means.
    #[cfg(test)]
    pub(crate) fn of_urls(mechanism: impl Mechanism + 'static) -> Self {
        Self { in_urls: true, ..Self::with(mechanism) }
    }

    /// Sets the name of the proxy's service. The default is `rcmd` at the proxy's host.
    ///
    /// A proxy at an IP address or a Unix-domain socket needs a service with a host.
    ///
    /// ```
    /// # use anysocks::gssapi::{Gssapi, Mechanism};
    /// # fn example(kerberos: impl Mechanism + 'static) -> Gssapi {
    /// Gssapi::with(kerberos).service("socks@gw.example")
    /// # }
    /// ```
    #[must_use]
    pub fn service(self, service: impl Into<Service>) -> Self {
        Self { service: service.into(), ..self }
    }

    /// Sets the protection of all bytes after the negotiation.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level: Some(level), ..self }
    }

    /// Sets whether the proxy receives the user's credentials, to act as the user elsewhere. It is
    /// off by default.
    ///
    /// RFC 1961 §3.2 always requests delegation. This crate does not, because a compromised proxy
    /// could use the delegated ticket for any service.
    #[must_use]
    pub fn delegate(self, delegate: bool) -> Self {
        Self { delegate, ..self }
    }

    /// Fails if the name of the service needs a host, and there is none.
    pub(crate) fn check_host(&self) -> Result<(), crate::Error> {
        self.service.at(None).map(drop)
    }

    /// Returns the level and the service, if a URL can hold them.
    pub(crate) fn in_url(&self) -> Option<(Level, &Service)> {
        self.level.filter(|_| self.in_urls).map(|level| (level, &self.service))
    }

    /// Begins the context of one connection. May block.
    fn begin(&self, purpose: &Purpose<'_>) -> Result<Box<dyn Method>, crate::Error> {
        let service = self.service.at(purpose.host.as_ref())?;
        let terms = Terms { level: self.level, command: purpose.command };
        let flags = Flags { delegation: self.delegate, ..terms.wanted() };
        let begun = self.mechanism.begin(&Wanted { service: &service, flags }).map_err(Error::Mechanism)?;
        Ok(Box::new(Negotiation::start(begun, terms)?))
    }
}

impl Auth {
    /// Offers GSS-API alone (`01`).
    ///
    /// The mechanism begins the context of each connection as a preparation: see
    /// [`prepared_method`](Self::prepared_method) for the thread and the time limits. The proxy's
    /// host becomes part of the service's name, unless [`Gssapi::service`] has one. For a handshake
    /// over a stream, [`host`](Self::host) sets it. Without a host, a connection fails with
    /// [`Invalid::ServiceHost`](crate::Invalid::ServiceHost) before anything is sent.
    ///
    /// ```
    /// use anysocks::blocking::Socks5Stream;
    /// use anysocks::gssapi::{Gssapi, Mechanism};
    /// use anysocks::{Auth, Error};
    /// use std::net::TcpStream;
    ///
    /// fn handshake(
    ///     dialled: TcpStream,
    ///     kerberos: impl Mechanism + 'static,
    /// ) -> Result<Socks5Stream, Error> {
    ///     let auth = Auth::gssapi(Gssapi::with(kerberos)).host("gw.example")?;
    ///     Socks5Stream::handshake(dialled, &auth, "example.com:80")
    /// }
    /// ```
    #[doc(alias = "kerberos")]
    #[must_use]
    pub fn gssapi(gssapi: Gssapi) -> Self {
        Self::prepared_gssapi(move |purpose| gssapi.begin(purpose))
    }
}

impl fmt::Debug for Gssapi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gssapi")
            .field("service", &self.service)
            .field("level", &self.level)
            .field("delegate", &self.delegate)
            .finish_non_exhaustive()
    }
}
