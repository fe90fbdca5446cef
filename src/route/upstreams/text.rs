//! Upstreams as a text: the answer of a PAC script, the settings of Windows, or URLs.

use super::Upstreams;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::split_port;
use crate::proxy::Proxy;
use crate::route::Chain;
use std::str::FromStr;

impl FromStr for Upstreams {
    type Err = Error;

    /// Parses a list whose entries are separated by `;`.
    ///
    /// | entry | source | upstream |
    /// |---|---|---|
    /// | `SOCKS5 host:port` | the answer of a PAC script | a SOCKS5 proxy |
    /// | `SOCKS host:port`, `SOCKS4 host:port` | the answer of a PAC script | a SOCKS4a proxy |
    /// | `DIRECT` | the answer of a PAC script | [`then_direct`](Self::then_direct); entries behind it are ignored |
    /// | `socks=host:port` | the settings of Windows (`ProxyServer`) | a SOCKS4a proxy |
    /// | `socks=URL` | the same, as Chromium accepts it | that proxy |
    /// | `socks5h://host:port`, `URL, URL` | | a proxy, a [`Chain`] |
    ///
    /// Names of targets are always resolved by the proxies, unless a URL requests otherwise. The
    /// case of letters does not matter. The default port is 1080. `SOCKS` and `socks=` mean
    /// version 4 in browsers and in Windows. The SOCKS proxy in the settings of macOS speaks
    /// version 5: write `SOCKS5 host:port` for it.
    ///
    /// HTTP proxies are not supported. An entry `PROXY`, `HTTP` or `HTTPS` of a PAC script, or
    /// `host:port` of Windows, is left out if another proxy follows it. Otherwise the list is
    /// refused, because without that proxy the next try would be direct. Entries such as
    /// `http=host:port` are for another protocol, and are left out.
    ///
    /// The bypass list of these settings is a [`NoProxy`](crate::NoProxy).
    ///
    /// ```
    /// use anysocks::{Upstreams, blocking::Connector};
    ///
    /// let answer: Upstreams = "PROXY web.example:8080; SOCKS5 a.example:1080; DIRECT".parse()?;
    /// assert_eq!(answer.to_string(), "socks5h://a.example:1080; DIRECT");
    /// let settings: Upstreams = "http=web.example:80;socks=b.example:1080".parse()?;
    /// let connector = Connector::any_of(settings)?;
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    ///
    /// The state of health belongs to the parsed value. Parse each answer of a PAC script once, and
    /// clone the value for each connection.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NoUpstream`]: the list has no entry.
    /// - [`Invalid::HttpUpstream`]: an HTTP proxy would have to be used.
    /// - Those of parsing a [`Proxy`], an [`Endpoint`](crate::Endpoint) or a [`Chain`]. The error
    ///   quotes the entry, unless the list contains an `@`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut list = List::default();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            if list.direct {
                break;
            }
            // A part of the list may be a part of a password, up to an `@` in another one.
            let unquoted = |error: Error| if text.contains('@') { error.unquoted() } else { error };
            list.add(entry).map_err(unquoted)?;
        }
        list.finish()
    }
}

/// The entries so far.
#[derive(Default)]
struct List {
    chains: Vec<Chain>,
    direct: bool,
    /// Whether the last entry is an HTTP proxy of a PAC script.
    ends_with_http: bool,
    /// Whether an entry was left out.
    has_left_out: bool,
}

impl List {
    fn add(&mut self, entry: &str) -> Result<(), Error> {
        if is_scheme_list(entry) {
            return entry.split_whitespace().try_for_each(|entry| self.add_for_scheme(entry));
        }
        let (word, endpoint) = entry.split_once(char::is_whitespace).unwrap_or((entry, ""));
        let proxy = match &*word.to_ascii_uppercase() {
            "DIRECT" if self.ends_with_http => return Err(Invalid::HttpUpstream.into()),
            "DIRECT" => {
                self.direct = true;
                return Ok(());
            }
            "PROXY" | "HTTP" | "HTTPS" => {
                self.ends_with_http = true;
                self.has_left_out = true;
                return Ok(());
            }
            "SOCKS5" => Proxy::socks5(endpoint)?,
            "SOCKS" | "SOCKS4" => Proxy::socks4(endpoint)?,
            // In the settings of Windows, an HTTP proxy for all protocols.
            _ if is_host_and_port(entry) => {
                self.ends_with_http = true;
                self.has_left_out = true;
                return Ok(());
            }
            _ => return self.push(entry.parse()?),
        };
        self.push(proxy.into())
    }

    /// Adds an entry `scheme=proxy`, as in the settings of Windows.
    fn add_for_scheme(&mut self, entry: &str) -> Result<(), Error> {
        match entry.split_once('=') {
            Some((scheme, proxy)) if scheme.eq_ignore_ascii_case("socks") => {
                let proxy = if proxy.contains("://") { proxy.parse()? } else { Proxy::socks4(proxy)? };
                self.push(proxy.into())
            }
            _ => {
                self.has_left_out = true;
                Ok(())
            }
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "the end of functions that can fail")]
    fn push(&mut self, chain: Chain) -> Result<(), Error> {
        self.chains.push(chain);
        self.ends_with_http = false;
        Ok(())
    }

    fn finish(self) -> Result<Upstreams, Error> {
        match (self.chains.is_empty(), self.has_left_out, self.direct) {
            (true, true, _) => Err(Invalid::HttpUpstream.into()),
            (true, false, false) => Err(Invalid::NoUpstream.into()),
            (_, _, direct) => Ok(Upstreams::of(self.chains).then_direct(direct)),
        }
    }
}

/// Returns whether an entry has the form `host:port`.
fn is_host_and_port(entry: &str) -> bool {
    !entry.contains("://")
        && split_port(entry).is_ok_and(|(host, port)| port.is_some() && !host.contains('@'))
}

/// Returns whether an entry has the form `scheme=proxy`, and is not a URL with options.
fn is_scheme_list(entry: &str) -> bool {
    let name = entry.split('=').next().filter(|name| name.len() < entry.len());
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn texts_that_are_read() {
        for (text, expected) in [
            ("SOCKS5 a.example:1080", "socks5h://a.example:1080"),
            ("socks5 a.example", "socks5h://a.example:1080"),
            ("SOCKS a:1; SOCKS4 b:2", "socks4a://a:1; socks4a://b:2"),
            ("SOCKS5 [::1]:1", "socks5h://[::1]:1"),
            ("SOCKS5\ta:1;;  SOCKS5   b:2 ;", "socks5h://a:1; socks5h://b:2"),
            ("DIRECT", "DIRECT"),
            ("SOCKS5 a:1; SOCKS b:2; DIRECT", "socks5h://a:1; socks4a://b:2; DIRECT"),
            ("SOCKS5 a:1; DIRECT; SOCKS b:2", "socks5h://a:1; DIRECT"),
            ("direct ; PROXY a:1", "DIRECT"),
            ("PROXY w:80; SOCKS5 a:1; DIRECT", "socks5h://a:1; DIRECT"),
            ("PROXY w:80; HTTPS w:443; SOCKS5 a:1", "socks5h://a:1"),
            ("SOCKS5 a:1; PROXY w:80", "socks5h://a:1"),
            ("socks=a:1", "socks4a://a:1"),
            ("http=w:80;https=w:80;socks=a:1", "socks4a://a:1"),
            ("http=w:80 socks=a:1 ftp=f:21", "socks4a://a:1"),
            ("SOCKS=socks5h://me@a:1", "socks5h://me@a:1"),
            ("socks5h://a:1", "socks5h://a:1"),
            ("socks5h://a:1, socks4://b:2; socks5://c", "socks5h://a:1, socks4://b:2; socks5://c:1080"),
            ("socks5h://a:1; DIRECT", "socks5h://a:1; DIRECT"),
        ] {
            let upstreams: Upstreams = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(upstreams.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn texts_that_are_refused() {
        for (text, expected) in [
            ("", Some(Invalid::NoUpstream)),
            (" ; ", Some(Invalid::NoUpstream)),
            ("PROXY w:80", Some(Invalid::HttpUpstream)),
            ("PROXY w:80; DIRECT", Some(Invalid::HttpUpstream)),
            ("SOCKS5 a:1; PROXY w:80; DIRECT", Some(Invalid::HttpUpstream)),
            ("http=w:80", Some(Invalid::HttpUpstream)),
            ("http=w:80;https=w:80", Some(Invalid::HttpUpstream)),
            ("http=w:80;https=w:80;DIRECT", Some(Invalid::HttpUpstream)),
            ("http://w:80", Some(Invalid::HttpProxy)),
            ("SOCKS5", Some(Invalid::NameEmpty)),
            ("SOCKS5 a:port", Some(Invalid::NotAPort)),
            ("SOCKS5 a:1 b:2", None),
            ("socks=a:99999", Some(Invalid::NotAPort)),
            ("w.example:8080", Some(Invalid::HttpUpstream)),
            ("w.example:8080; DIRECT", Some(Invalid::HttpUpstream)),
            ("w.example", Some(Invalid::SchemeMissing)),
            ("DIRECTLY", Some(Invalid::SchemeMissing)),
            ("socks5h://user:zq7;zq8@a", None),
            ("socks5h://user:1;zq7;zq8@a", None),
        ] {
            let error = text.parse::<Upstreams>().expect_err(text);
            let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error:?}") };
            assert!(expected.as_ref().is_none_or(|expected| invalid == expected), "{text}: {error}");
            let shown = format!("{error:?}");
            assert!(!text.contains('@') || !shown.contains("zq"), "{shown}");
        }
    }
}
