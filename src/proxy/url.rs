//! The URL of a proxy. `Display` omits the password.

use super::query::{self, Query, UNRESERVED};
use super::query_settings::wrong;
use super::{Endpoint, Proxy, Resolve, zone};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::error::pasted::Expected;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::socks4::UserId;
use crate::protocol::socks5::{Auth, Credentials};
use percent_encoding::{AsciiSet, percent_decode_str, percent_encode};
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use zeroize::Zeroizing;

const VERSIONS: [&str; 5] = ["socks4", "socks4a", "socks5", "socks5h", "socks"];

const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

impl FromStr for Proxy {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let url = url.trim();
        Self::from_url(url).map_err(|error| error.explained(url, Expected::Url))
    }
}

impl Proxy {
    fn from_url(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").ok_or(Invalid::SchemeMissing)?;
        let is_short = scheme.eq_ignore_ascii_case("socks5s");
        let (scheme, tls) = if is_short { ("socks5h", true) } else { strip(scheme, "+tls") };
        let (version, unix) = strip(scheme, "+unix");
        let version = VERSIONS.into_iter().find(|known| version.eq_ignore_ascii_case(known));
        // The authority ends as in every URL parser (RFC 3986 §3.2). Otherwise a caller's check
        // could see another host.
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (tail, options) = query::split(tail);
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (UserInfo::parse(user_info), host),
            None => (UserInfo::default(), authority),
        };
        let (protocol, resolve) = match version {
            Some("socks4") => (user_info.v4()?, Resolve::Locally),
            Some("socks4a") => (user_info.v4()?, Resolve::ByProxy),
            Some("socks5") => (user_info.v5()?, Resolve::Locally),
            Some("socks5h" | "socks") => (user_info.v5()?, Resolve::ByProxy),
            _ => return Err(Invalid::Scheme.into()),
        };
        let has_user = matches!(&protocol, SocksProtocol::V5(auth) if auth.credentials().is_some());
        let endpoint = match (unix, tail) {
            (true, tail) => unix_path(host, tail)?,
            (false, "" | "/") => Endpoint::from_text(&zone::from_url(host))?,
            (false, _) => return Err(Invalid::UrlTail.into()),
        };
        let proxy = Self::new(endpoint, protocol).resolve(resolve).behind_tls(tls);
        let query = Query::parse(options)?;
        let proxy = query.apply(proxy)?;
        match query.gssapi()? {
            Some(gssapi) if !has_user => proxy.gssapi(gssapi.make()?),
            Some(_) => Err(wrong("auth", "with the value gssapi allows no user name")),
            None => Ok(proxy),
        }
    }
}

/// Returns the scheme without the suffix, and whether it had the suffix.
fn strip<'a>(scheme: &'a str, suffix: &str) -> (&'a str, bool) {
    let split = scheme.len().checked_sub(suffix.len()).and_then(|at| scheme.split_at_checked(at));
    match split {
        Some((stem, end)) if end.eq_ignore_ascii_case(suffix) => (stem, true),
        _ => (scheme, false),
    }
}

/// Parses an absolute path, or the name of an abstract socket, which begins with a NUL.
fn unix_path(host: &str, tail: &str) -> Result<Endpoint, Error> {
    let bytes: Vec<u8> = percent_decode_str(host).chain(percent_decode_str(tail)).collect();
    let is_path = host.is_empty() && bytes.len() > 1 && !bytes.contains(&0);
    let is_abstract = host.starts_with("%00");
    if !(is_path || is_abstract) || tail.contains(['?', '#']) {
        return Err(Invalid::UnixPath.into());
    }
    path_from(bytes).map(Endpoint::Unix).ok_or_else(|| Invalid::UnixPath.into())
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "on other systems, the bytes may not be a path")]
fn path_from(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_from(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(Into::into)
}

#[cfg(unix)]
fn path_bytes(path: &std::path::Path) -> Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt;
    Cow::Borrowed(path.as_os_str().as_bytes())
}

#[cfg(not(unix))]
fn path_bytes(path: &std::path::Path) -> Cow<'_, [u8]> {
    Cow::Owned(path.to_string_lossy().into_owned().into_bytes())
}

/// The decoded text before the `@`.
#[derive(Default)]
struct UserInfo {
    user: Zeroizing<Vec<u8>>,
    password: Option<Zeroizing<Vec<u8>>>,
}

impl UserInfo {
    fn parse(text: &str) -> Self {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(decode(password))),
            None => (text, None),
        };
        Self { user: decode(user), password }
    }

    /// Returns whether there are no credentials, as in `:@` and `@`.
    fn is_empty(&self) -> bool {
        self.user.is_empty() && self.password.as_ref().is_none_or(|password| password.is_empty())
    }

    fn v4(self) -> Result<SocksProtocol, Error> {
        match self.password {
            _ if self.is_empty() => Ok(SocksProtocol::V4(UserId::none())),
            None => Ok(SocksProtocol::V4(UserId::new(&*self.user)?)),
            Some(_) => Err(Invalid::PasswordOverSocks4.into()),
        }
    }

    fn v5(self) -> Result<SocksProtocol, Error> {
        if self.is_empty() {
            return Ok(SocksProtocol::V5(Auth::none()));
        }
        let password = self.password.unwrap_or_default();
        Ok(SocksProtocol::V5(Auth::password(Credentials::new(&*self.user, &*password)?)))
    }
}

/// Decodes into memory of the final size: growth would leave a copy of a secret behind.
fn decode(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(percent_decode_str(text));
    bytes
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, user) = match (&self.0.protocol, self.0.resolve) {
            (SocksProtocol::V4(id), Resolve::Locally) => ("socks4", id.as_bytes()),
            (SocksProtocol::V4(id), Resolve::ByProxy) => ("socks4a", id.as_bytes()),
            (SocksProtocol::V5(auth), Resolve::Locally) => ("socks5", user_of(auth)),
            (SocksProtocol::V5(auth), Resolve::ByProxy) => ("socks5h", user_of(auth)),
        };
        let unix = if let Endpoint::Unix(_) = self.0.endpoint { "+unix" } else { "" };
        let tls = if self.0.tls { "+tls" } else { "" };
        write!(f, "{scheme}{unix}{tls}://")?;
        if !user.is_empty() {
            write!(f, "{}@", percent_encode(user, UNRESERVED))?;
        }
        match &self.0.endpoint {
            Endpoint::Unix(path) => percent_encode(&path_bytes(path), PATH).fmt(f),
            Endpoint::Addr(SocketAddr::V6(addr)) if addr.scope_id() != 0 => {
                write!(f, "[{}%25{}]:{}", addr.ip(), addr.scope_id(), addr.port())
            }
            endpoint => endpoint.fmt(f),
        }?;
        f.write_str(self.0.query.as_deref().unwrap_or_default())
    }
}

fn user_of(auth: &Auth) -> &[u8] {
    auth.credentials().map_or(&[], Credentials::user)
}
