//! Kerberos by the system's library.

use super::Gssapi;
use super::mechanism::{Begun, Cause, Context, Failure, Flags, Mechanism, Next, Order, Unwrapped, Wanted};
use super::service::Service;
use anysocks_gssapi::{Context as SystemContext, Credentials, Flags as SystemFlags, Name, Source};
use anysocks_gssapi::{Error, ErrorKind, Order as SystemOrder};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Kerberos, by the GSS-API library of the system: MIT's or Heimdal's.
///
/// The library is loaded at run time, when the first connection is made. Without one, a connection
/// fails with [`Cause::NoLibrary`] before anything is sent. On Debian, the package is
/// `libgssapi-krb5-2`. Windows has none: implement [`Mechanism`] over SSPI there.
///
/// Each value has its own credentials, which do not depend on the environment of the process,
/// except [`default_cache`](Self::default_cache). The realm, the KDC and the clock's tolerance are
/// those of the system's `krb5.conf`.
///
/// | credentials | for |
/// |---|---|
/// | [`default_cache`](Self::default_cache) | the tickets of `kinit` |
/// | [`cache`](Self::cache) | several users in one process |
/// | [`keytab`](Self::keytab) | a service |
/// | [`password`](Self::password) | a program that asks the user |
///
/// ```no_run
/// use anysocks::Proxy;
/// use anysocks::blocking::Socks5Stream;
/// use anysocks::gssapi::{Gssapi, kerberos::Kerberos};
///
/// let kerberos = Kerberos::keytab("/etc/crawler.keytab", "crawler@EXAMPLE.COM");
/// let proxy = Proxy::socks5("gw.example.com:1080")?.gssapi(Gssapi::with(kerberos))?;
/// let stream = Socks5Stream::connect(&proxy, "example.org:80")?;
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// Tickets for a keytab or a password are kept in memory, for all connections of this value and its
/// clones. When they have expired, the next connection gets new ones.
#[derive(Clone)]
pub struct Kerberos {
    source: Source,
    /// The tickets of a keytab or a password. The user's caches are read for each connection,
    /// because `kinit` may renew them.
    acquired: Option<Arc<Mutex<Option<Credentials>>>>,
}

impl Kerberos {
    /// Uses the user's default cache, which `kinit` fills.
    ///
    /// The environment variable `KRB5CCNAME` or `krb5.conf` names it. [`Gssapi::kerberos`] is short
    /// for this.
    ///
    /// ```
    /// use anysocks::gssapi::{Gssapi, Level, kerberos::Kerberos};
    ///
    /// let gssapi = Gssapi::with(Kerberos::default_cache()).level(Level::Integrity);
    /// ```
    #[must_use]
    pub fn default_cache() -> Self {
        Self { source: Source::default_cache(), acquired: None }
    }

    /// Uses the cache of this name, such as `FILE:/run/user/1000/krb5cc`. A path is a file.
    ///
    /// ```
    /// use anysocks::gssapi::{Gssapi, kerberos::Kerberos};
    ///
    /// let [alice, bob] = ["FILE:/run/user/1000/krb5cc", "FILE:/run/user/1001/krb5cc"]
    ///     .map(|cache| Gssapi::with(Kerberos::cache(cache)));
    /// ```
    #[must_use]
    pub fn cache(name: impl Into<String>) -> Self {
        Self { source: Source::cache(name), acquired: None }
    }

    /// Uses the key of this principal in a keytab.
    ///
    /// ```
    /// use anysocks::gssapi::{Gssapi, kerberos::Kerberos};
    ///
    /// let gssapi = Gssapi::with(Kerberos::keytab("/etc/crawler.keytab", "crawler@EXAMPLE.COM"));
    /// ```
    #[must_use]
    pub fn keytab(keytab: impl Into<String>, principal: impl Into<String>) -> Self {
        Self { source: Source::keytab(keytab, principal), acquired: Some(Arc::default()) }
    }

    /// Uses a principal and its password, which is wiped on drop.
    ///
    /// ```
    /// use anysocks::gssapi::{Gssapi, kerberos::Kerberos};
    ///
    /// fn log_in(user: &str, password: String) -> Gssapi {
    ///     Gssapi::with(Kerberos::password(format!("{user}@EXAMPLE.COM"), password))
    /// }
    /// ```
    #[must_use]
    pub fn password(principal: impl Into<String>, password: impl Into<String>) -> Self {
        Self { source: Source::password(principal, password), acquired: Some(Arc::default()) }
    }

    /// Returns the credentials, and whether they are those of an earlier connection.
    fn credentials(&self) -> Result<(Credentials, bool), Error> {
        if let Some(known) = self.known() {
            return Ok((known, true));
        }
        Ok((self.acquire()?, false))
    }

    fn known(&self) -> Option<Credentials> {
        self.acquired.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Acquires credentials, without a lock: that may take as long as the KDC.
    fn acquire(&self) -> Result<Credentials, Error> {
        let credentials = Credentials::acquire(&self.source)?;
        if let Some(acquired) = &self.acquired {
            *acquired.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
        }
        Ok(credentials)
    }

    fn initiate(&self, wanted: &Wanted<'_>) -> Result<(SystemContext, Vec<u8>), Error> {
        let name = match wanted.service {
            Service::HostBased(name) => Name::service(name)?,
            Service::Principal(name) => Name::principal(name)?,
        };
        let flags = system_flags(wanted.flags);
        let (credentials, are_known) = self.credentials()?;
        match SystemContext::initiate(&credentials, &name, flags) {
            Err(error)
                if are_known && matches!(error.kind(), ErrorKind::Expired | ErrorKind::NoCredentials) =>
            {
                SystemContext::initiate(&self.acquire()?, &name, flags)
            }
            initiated => initiated,
        }
    }
}

impl Mechanism for Kerberos {
    fn begin(&self, wanted: &Wanted<'_>) -> Result<Begun, Failure> {
        let (context, token) = self.initiate(wanted).map_err(failure)?;
        let next = Next { token: Some(token), complete: context.is_complete() };
        Ok(Begun { context: Box::new(System(context)), next })
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kerberos").field(&self.source).finish()
    }
}

impl Gssapi {
    /// Authenticates by Kerberos with the user's default cache, and protects all later bytes.
    ///
    /// [`Kerberos`] has other sources of credentials. In the URL of a proxy, this is
    /// `?auth=gssapi`.
    #[must_use]
    pub fn kerberos() -> Self {
        Self { in_urls: true, ..Self::with(Kerberos::default_cache()) }
    }
}

/// Returns the mechanism of URLs.
#[allow(clippy::unnecessary_wraps, reason = "a build without Kerberos has none")]
pub(super) fn mechanism() -> Result<Arc<dyn Mechanism>, crate::error::Error> {
    Ok(Arc::new(Kerberos::default_cache()))
}

/// A context of the library.
struct System(SystemContext);

impl Context for System {
    fn step(&mut self, token: &[u8]) -> Result<Next, Failure> {
        let token = self.0.step(token).map_err(failure)?;
        Ok(Next { token, complete: self.0.is_complete() })
    }

    fn granted(&self) -> Flags {
        let granted = self.0.granted();
        Flags {
            mutual: granted.contains(SystemFlags::MUTUAL),
            replay: granted.contains(SystemFlags::REPLAY),
            sequence: granted.contains(SystemFlags::SEQUENCE),
            confidentiality: granted.contains(SystemFlags::CONFIDENTIALITY),
            integrity: granted.contains(SystemFlags::INTEGRITY),
            delegation: granted.contains(SystemFlags::DELEGATION),
        }
    }

    fn wrap(&mut self, confidential: bool, plain: &[u8], token: &mut Vec<u8>) -> Result<bool, Failure> {
        self.0.wrap(confidential, plain, token).map_err(failure)
    }

    fn unwrap(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, Failure> {
        let unwrapped = self.0.unwrap(token, plain).map_err(failure)?;
        let order = match unwrapped.order {
            SystemOrder::InOrder => Order::InOrder,
            SystemOrder::Gap => Order::Gap,
            SystemOrder::Late => Order::Late,
            SystemOrder::Repeated => Order::Repeated,
        };
        Ok(Unwrapped { confidential: unwrapped.confidential, order })
    }

    fn largest_plain(&self, confidential: bool, token: usize) -> Result<usize, Failure> {
        self.0.largest_plain(confidential, token).map_err(failure)
    }
}

fn system_flags(wanted: Flags) -> SystemFlags {
    [
        (wanted.mutual, SystemFlags::MUTUAL),
        (wanted.replay, SystemFlags::REPLAY),
        (wanted.sequence, SystemFlags::SEQUENCE),
        (wanted.confidentiality, SystemFlags::CONFIDENTIALITY),
        (wanted.integrity, SystemFlags::INTEGRITY),
        (wanted.delegation, SystemFlags::DELEGATION),
    ]
    .into_iter()
    .filter_map(|(is_wanted, flag)| is_wanted.then_some(flag))
    .fold(SystemFlags::NONE, |all, flag| all | flag)
}

/// The cause says in words what the kind of the error does, so the text is the library's alone.
fn failure(error: Error) -> Failure {
    let cause = match error.kind() {
        ErrorKind::NoCredentials => Cause::NoCredentials,
        ErrorKind::Expired => Cause::Expired,
        ErrorKind::WrongPassword => Cause::WrongPassword,
        ErrorKind::UnknownClient => Cause::UnknownClient,
        ErrorKind::UnknownService => Cause::UnknownService,
        ErrorKind::KdcUnreachable => Cause::NoKdc,
        ErrorKind::ClockSkew => Cause::Clock,
        ErrorKind::NoLibrary => Cause::NoLibrary,
        _ => return Failure::new(Cause::Other, std::io::Error::from(error)),
    };
    Failure::new(cause, error.message().to_owned())
}
