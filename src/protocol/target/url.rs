//! URLs as targets.

use super::syntax::{parse, split_port};
use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// The longest URL in bytes.
const LONGEST: usize = 2048;

/// A URL as the target of a request of SOCKS5a (`draft-lancaster-socks-5a-00`, section 7.3).
///
/// The proxy receives the whole URL, and connects to what it denotes. The port of the request is
/// that of the URL, or the default of its scheme: 80 for `http` and `ws`, 443 for `https` and
/// `wss`, 21 for `ftp`, 22 for `sftp`.
///
/// A request without a METHOD of SOCKS5a can't carry a URL, and fails. With a
/// [fallback](Self::with_fallback), it asks for the host and the port instead. Rules of a
/// connector and [`NoProxy`](crate::NoProxy) see the host and the port.
///
/// ```
/// use anysocks::{Target, TargetUrl};
///
/// let url = TargetUrl::new("https://example.com/report?year=2026")?.with_fallback();
/// let target = Target::from(url);
/// assert_eq!((target.domain(), target.port()), (Some("example.com"), 443));
/// // A query may contain a secret, so texts show scheme, host and port alone.
/// assert_eq!(target.to_string(), "https://example.com/...");
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TargetUrl {
    parts: Arc<Parts>,
    has_fallback: bool,
}

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    text: Box<str>,
    /// The length of scheme and authority.
    origin_len: usize,
    /// The host, if it is an IP address.
    ip: Option<IpAddr>,
    /// The host as text.
    host: Box<str>,
    port: u16,
}

impl TargetUrl {
    /// Parses a URL of RFC 3986, which has a host and no user information and no fragment.
    ///
    /// # Errors
    ///
    /// No error contains the URL, because it may contain a secret.
    ///
    /// - [`Invalid::UrlScheme`]: the scheme is not `http`, `https`, `ws`, `wss`, `ftp` or `sftp`.
    /// - [`Invalid::UrlTooLong`]: it has more than 2,048 bytes.
    /// - [`Invalid::UrlCharacter`], [`Invalid::UrlPercent`]: it is not encoded as RFC 3986
    ///   requires.
    /// - [`Invalid::UrlUser`]: it has user information, which the proxy would learn.
    /// - [`Invalid::UrlFragment`]: it has a fragment.
    /// - [`Invalid::UrlHost`]: it has no host.
    /// - Those of a [`Target`](crate::Target): the host is neither a name nor an IP address, or
    ///   the port is not a number from 0 to 65535.
    pub fn new(url: impl AsRef<str>) -> Result<Self, Error> {
        let text = url.as_ref();
        if text.len() > LONGEST {
            return Err(Invalid::UrlTooLong(text.len()).into());
        }
        let (scheme, rest) = text.split_once(':').ok_or(Invalid::UrlScheme)?;
        let default_port = default_port(scheme).ok_or(Invalid::UrlScheme)?;
        let rest = rest.strip_prefix("//").ok_or(Invalid::UrlHost)?;
        check_encoding(rest)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(Invalid::UrlUser.into());
        }
        if let Some(bracket) = path.chars().find(|c| matches!(c, '[' | ']')) {
            return Err(Invalid::UrlCharacter(bracket).into());
        }
        // RFC 3986 allows a colon without a port.
        let (host, port) = match authority.strip_suffix(':') {
            Some(host) if !host.ends_with(':') => (host, None),
            _ => split_port(authority)?,
        };
        if host.is_empty() {
            return Err(Invalid::UrlHost.into());
        }
        let parts = Parts {
            text: text.into(),
            origin_len: text.len() - path.len(),
            ip: parse(host)?,
            host: host.into(),
            port: port.unwrap_or(default_port),
        };
        Ok(Self { parts: Arc::new(parts), has_fallback: false })
    }

    /// Lets a request ask for the host and the port where it can't carry the URL.
    ///
    /// - Without a METHOD of SOCKS5a, a SOCKS4 proxy and a direct connection included, it asks for
    ///   them at once.
    /// - If the proxy replies "address type not supported" (X'08'), calls that dial the proxy
    ///   connect again and ask for them. A handshake over a stream and a
    ///   [`SocksClient`](crate::SocksClient) fail with that reply.
    /// - If this machine resolves names ([`Resolve::Locally`](crate::Resolve::Locally)) and the
    ///   proxy does not select an offered METHOD of SOCKS5a, these calls connect again too, and
    ///   ask for an address of the host.
    ///
    /// The path of the URL is then lost: the tunnel leads to the host, and the application has to
    /// request the path itself.
    #[must_use]
    pub fn with_fallback(self) -> Self {
        Self { has_fallback: true, ..self }
    }

    pub(crate) fn without_fallback(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), has_fallback: false }
    }

    /// Returns the URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.parts.text
    }

    /// Returns the host if it is an IP address, or `None` for a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.parts.ip
    }

    /// Returns the host if it is a name, or `None` for an IP address.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.parts.ip.is_none().then_some(&*self.parts.host)
    }

    /// Returns the port, or the default of the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.parts.port
    }

    pub(crate) const fn has_fallback(&self) -> bool {
        self.has_fallback
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    let schemes = [("http", 80), ("https", 443), ("ws", 80), ("wss", 443), ("ftp", 21), ("sftp", 22)];
    schemes.iter().find(|(known, _)| known.eq_ignore_ascii_case(scheme)).map(|(_, port)| *port)
}

/// Fails for characters that a URL does not have, or has only percent-encoded (RFC 3986 §2).
fn check_encoding(text: &str) -> Result<(), Invalid> {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => {
                let mut is_hex = || rest.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                if !(is_hex() && is_hex()) {
                    return Err(Invalid::UrlPercent);
                }
            }
            '#' => return Err(Invalid::UrlFragment),
            c if c.is_ascii_alphanumeric() || "-._~:/?[]@!$&'()*+,;=".contains(c) => {}
            c => return Err(Invalid::UrlCharacter(c)),
        }
    }
    Ok(())
}

impl FromStr for TargetUrl {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        Self::new(url)
    }
}

impl fmt::Display for TargetUrl {
    /// Writes scheme, host and port. The rest may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (origin, rest) = self.as_str().split_at(self.parts.origin_len);
        let rest = if matches!(rest, "" | "/") { rest } else { "/..." };
        write!(f, "{origin}{rest}")
    }
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::protocol::target::{Host, Target};

    #[test]
    fn urls_and_their_ports() {
        for (url, host, port, shown) in [
            ("http://a.example", "a.example", 80, "http://a.example"),
            ("HTTPS://a.example/", "a.example", 443, "HTTPS://a.example/"),
            ("ws://a.example?q", "a.example", 80, "ws://a.example/..."),
            ("wss://192.0.2.7:8443/x", "192.0.2.7", 8443, "wss://192.0.2.7:8443/..."),
            ("ftp://[2001:db8::7]:2121/", "2001:db8::7", 2121, "ftp://[2001:db8::7]:2121/"),
            ("sftp://[::1]", "::1", 22, "sftp://[::1]"),
            ("http://a.example:/%7Euser", "a.example", 80, "http://a.example:/..."),
            ("http://a.example/@;=:!$&'()*+,", "a.example", 80, "http://a.example/..."),
        ] {
            let parsed = TargetUrl::new(url).unwrap();
            let parsed_host =
                parsed.ip().map_or_else(|| parsed.domain().map(Into::into), |ip| Some(ip.to_string()));
            assert_eq!((parsed_host.as_deref(), parsed.port()), (Some(host), port), "{url}");
            assert_eq!((parsed.as_str(), parsed.to_string().as_str()), (url, shown));
            assert!(!parsed.has_fallback() && parsed.with_fallback().has_fallback());
        }
    }

    /// A rule that looks at the port of a target sees the one that is used.
    #[test]
    fn the_port_is_that_of_the_url() {
        let url = TargetUrl::new("https://a.example/").unwrap().with_fallback();
        let target = Target::new(Host::Url(url), 7);
        assert_eq!(target.port(), 443);
        assert_eq!(target.into_standard().unwrap().to_string(), "a.example:443");
        let unix = Target::unix("/run/app.sock").unwrap();
        assert_eq!(Target::new(unix.into_host(), 80).port(), 0);
    }

    #[test]
    fn texts_that_are_no_url() {
        let long = format!("http://a.example/{}", "x".repeat(2032));
        for (url, expected) in [
            ("", Invalid::UrlScheme),
            ("a.example:80", Invalid::UrlScheme),
            ("gopher://a.example", Invalid::UrlScheme),
            ("http:/a.example", Invalid::UrlHost),
            ("http:///path", Invalid::UrlHost),
            ("http://:80/", Invalid::UrlHost),
            ("http://user:secret@a.example/", Invalid::UrlUser),
            ("http://a.example/#top", Invalid::UrlFragment),
            ("http://a.example/a b", Invalid::UrlCharacter(' ')),
            ("http://a.example/\u{fc}", Invalid::UrlCharacter('\u{fc}')),
            ("http://a.example/[", Invalid::UrlCharacter('[')),
            ("http://a.example/%4", Invalid::UrlPercent),
            ("http://a.example/%zz", Invalid::UrlPercent),
            ("http://a%2eexample/", Invalid::NameCharacter('%')),
            ("http://a.example:x/", Invalid::NotAPort),
            ("http://a.example::/", Invalid::NotAPort),
            ("http://::1/", Invalid::Unbracketed),
            ("http://[a]/", Invalid::NotIpv6),
            (long.as_str(), Invalid::UrlTooLong(2049)),
        ] {
            let error = TargetUrl::new(url).expect_err(url);
            assert!(
                matches!(error.kind(), ErrorKind::Invalid(invalid) if *invalid == expected),
                "{url}: {error:?}"
            );
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert_eq!(TargetUrl::new(&long[..2048]).unwrap().as_str().len(), 2048);
    }
}
