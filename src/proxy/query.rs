//! The options in a proxy's URL: `?name=value&name=value`.
//!
//! A text that is no option is never shown: it may be the rest of a password with a `?` in it.

use super::Proxy;
use super::query_settings::{self, wrong};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::gssapi::{Gssapi, Level, Service};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that a user name and a value keep: RFC 3986's "unreserved".
pub(super) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The most characters of an option's name that an error shows.
const LONGEST: usize = 32;

/// GSS-API as a URL describes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GssapiOptions {
    level: Option<Level>,
    service: Option<Service>,
}

impl GssapiOptions {
    pub(super) fn make(self) -> Result<Gssapi, Error> {
        let gssapi = Gssapi::of_url()?.level(self.level.unwrap_or_default());
        Ok(match self.service {
            Some(service) => gssapi.service(service),
            None => gssapi,
        })
    }
}

/// Splits the options from what follows the authority. Without a `=`, there are none.
pub(super) fn split(tail: &str) -> (&str, &str) {
    match tail.split_once('?') {
        Some((before, options)) if options.contains('=') && !options.contains('#') => (before, options),
        _ => (tail, ""),
    }
}

/// The names of all options.
const NAMES: [&str; 11] = [
    "auth",
    "level",
    "service",
    "timeout",
    "keepalive",
    "nodelay",
    "local",
    "interface",
    "mark",
    "family",
    "relay",
];

/// Options with known names, each at most once.
#[derive(Debug, Default)]
pub(super) struct Query<'q>(Vec<(&'static str, &'q str)>);

impl<'q> Query<'q> {
    /// Splits the options.
    pub(super) fn parse(options: &'q str) -> Result<Self, Error> {
        let mut query = Self::default();
        for option in options.split('&').filter(|_| !options.is_empty()) {
            let (name, value) = option.split_once('=').ok_or(Invalid::UrlTail)?;
            let known = NAMES.into_iter().find(|known| *known == name);
            let name = known.ok_or_else(|| unknown(name, options))?;
            if query.value(name).is_some() {
                return Err(wrong(name, "is given twice"));
            }
            query.0.push((name, value));
        }
        Ok(query)
    }

    fn value(&self, name: &str) -> Option<&'q str> {
        self.0.iter().find_map(|(known, value)| (*known == name).then_some(*value))
    }

    /// Applies the options that are not about authentication.
    pub(super) fn apply(&self, proxy: Proxy) -> Result<Proxy, Error> {
        self.0.iter().try_fold(proxy, |proxy, (name, value)| query_settings::apply(proxy, name, value))
    }

    /// Returns the options about authentication.
    pub(super) fn gssapi(&self) -> Result<Option<GssapiOptions>, Error> {
        let (level, service) = (self.value("level"), self.value("service"));
        match self.value("auth") {
            Some("gssapi") => {}
            Some(_) => return Err(wrong("auth", "has one value: gssapi")),
            None if level.is_some() => return Err(wrong("level", "needs auth=gssapi")),
            None if service.is_some() => return Err(wrong("service", "needs auth=gssapi")),
            None => return Ok(None),
        }
        let level = match level {
            None => None,
            Some("confidentiality") => Some(Level::Confidentiality),
            Some("integrity") => Some(Level::Integrity),
            Some(_) => return Err(wrong("level", "is confidentiality or integrity")),
        };
        let service = service.map(decode).transpose()?;
        Ok(Some(GssapiOptions { level, service }))
    }
}

fn decode(service: &str) -> Result<Service, Error> {
    match percent_decode_str(service).decode_utf8() {
        Ok(name) if !name.is_empty() && !name.contains(char::is_control) => Ok((&*name).into()),
        _ => Err(wrong("service", "is not a name of a service")),
    }
}

/// Returns the options that describe this, if a URL can hold it.
pub(super) fn of(gssapi: &Gssapi) -> Option<Box<str>> {
    let (level, service) = gssapi.in_url()?;
    let mut options = String::from("?auth=gssapi");
    match level {
        Level::Confidentiality => {}
        Level::Integrity => options.push_str("&level=integrity"),
    }
    if *service != Service::default() {
        options.push_str("&service=");
        options.extend(utf8_percent_encode(service.as_str(), UNRESERVED));
    }
    (Service::from(service.as_str()) == *service).then(|| options.into())
}

/// A name of other characters, or with an `@` anywhere behind it, may belong to a password.
fn unknown(name: &str, options: &str) -> Error {
    let is_name = (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && !options.contains('@');
    if is_name { Invalid::UrlOption(name.into()).into() } else { Invalid::UrlTail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::gssapi::{Begun, Cause, Failure, Mechanism, Wanted};

    /// A mechanism that URLs mean.
    struct InUrls;

    impl Mechanism for InUrls {
        fn begin(&self, _: &Wanted<'_>) -> Result<Begun, Failure> {
            Err(Failure::new(Cause::NoCredentials, "a test"))
        }
    }

    fn parse(options: &str) -> Result<Option<GssapiOptions>, Error> {
        Query::parse(options)?.gssapi()
    }

    fn options(level: Option<Level>, service: Option<&str>) -> GssapiOptions {
        GssapiOptions { level, service: service.map(Service::from) }
    }

    #[test]
    fn what_is_read() {
        for (text, expected) in [
            ("", None),
            ("auth=gssapi", Some(options(None, None))),
            ("auth=gssapi&level=integrity", Some(options(Some(Level::Integrity), None))),
            ("level=confidentiality&auth=gssapi", Some(options(Some(Level::Confidentiality), None))),
            ("auth=gssapi&service=rcmd", Some(options(None, Some("rcmd")))),
            ("auth=gssapi&service=socks@gw.example", Some(options(None, Some("socks@gw.example")))),
            ("auth=gssapi&service=socks%40gw.example", Some(options(None, Some("socks@gw.example")))),
            ("service=rcmd%2Fgw%40REALM&auth=gssapi", Some(options(None, Some("rcmd/gw@REALM")))),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        let wrong = |name, problem| Invalid::UrlValue { name, problem };
        for (text, expected) in [
            ("auth=", wrong("auth", "has one value: gssapi")),
            ("auth=GSSAPI", wrong("auth", "has one value: gssapi")),
            ("auth=gssapi&auth=gssapi", wrong("auth", "is given twice")),
            ("auth=gssapi&level=0", wrong("level", "is confidentiality or integrity")),
            ("auth=gssapi&level=integrity&level=integrity", wrong("level", "is given twice")),
            ("level=integrity", wrong("level", "needs auth=gssapi")),
            ("service=rcmd", wrong("service", "needs auth=gssapi")),
            ("auth=gssapi&service=", wrong("service", "is not a name of a service")),
            ("auth=gssapi&service=%00", wrong("service", "is not a name of a service")),
            ("auth=gssapi&service=%FF", wrong("service", "is not a name of a service")),
            ("auth=gssapi&colour=5", Invalid::UrlOption("colour".into())),
            ("keep-alive=5", Invalid::UrlOption("keep-alive".into())),
            ("auth=gssapi&", Invalid::UrlTail),
            ("auth=gssapi&level", Invalid::UrlTail),
            ("=", Invalid::UrlTail),
            ("P4ss=word", Invalid::UrlTail),
            ("pass=word@h", Invalid::UrlTail),
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Invalid(invalid) if *invalid == expected),
                "{text}: {error:?}"
            );
        }
    }

    /// What is written is read as the same.
    #[test]
    fn what_is_written() {
        let gssapi = || Gssapi::of_urls(InUrls);
        for (gssapi, expected) in [
            (gssapi(), "?auth=gssapi"),
            (gssapi().level(Level::Integrity), "?auth=gssapi&level=integrity"),
            (gssapi().service("socks@gw.example"), "?auth=gssapi&service=socks%40gw.example"),
            (gssapi().service("rcmd/gw@R, S"), "?auth=gssapi&service=rcmd%2Fgw%40R%2C%20S"),
        ] {
            let proxy = Proxy::socks5("gw.example:1080").unwrap().gssapi(gssapi.clone()).unwrap();
            assert_eq!(proxy.to_string(), format!("socks5h://gw.example:1080{expected}"));
            let read = parse(split(expected).1).unwrap().unwrap();
            let (level, service) = gssapi.in_url().unwrap();
            assert_eq!(read.level.unwrap_or_default(), level);
            assert_eq!(read.service.unwrap_or_default(), *service);
            // Other authentication replaces it.
            assert_eq!(proxy.password("me", "key").unwrap().to_string(), "socks5h://me@gw.example:1080");
        }
        let unprotected = Gssapi::authentication_only(InUrls);
        for gssapi in [
            Gssapi::with(InUrls),
            unprotected,
            gssapi().service(Service::Principal("proxy@REALM".into())),
            gssapi().service(Service::HostBased("a/b@gw.example".into())),
        ] {
            assert_eq!(of(&gssapi), None, "{gssapi:?}");
        }
    }
}
