//! The route that environment variables define.

use super::chain::Chain;
use super::no_proxy::NoProxy;
use super::proxies::{Proxies, Route};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind};
use crate::proxy::Endpoint;
use crate::trace;
use std::ffi::OsString;
use zeroize::Zeroizing;

/// Variables for all targets, in curl's order: lower case first, the protocol before `all`.
const SOCKS: [&str; 4] = ["socks_proxy", "SOCKS_PROXY", "all_proxy", "ALL_PROXY"];
/// Variables for some targets, which may also name an HTTP proxy.
const HTTPS: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const HTTP: [&str; 1] = ["http_proxy"];
/// A CGI server sets this variable from a request header, so it is never trusted.
const REQUEST_HEADER: &str = "HTTP_PROXY";
/// Set in every CGI program.
const CGI_MARKER: &str = "REQUEST_METHOD";
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

pub(super) fn route(read: impl Fn(&str) -> Option<OsString>) -> Result<Route, Error> {
    Variables { read, case_insensitive: cfg!(windows) }.route()
}

struct Variables<R> {
    read: R,
    /// Whether `HTTP_PROXY` and `http_proxy` are the same variable, as on Windows.
    case_insensitive: bool,
}

impl<R: Fn(&str) -> Option<OsString>> Variables<R> {
    fn route(&self) -> Result<Route, Error> {
        let proxies = match self.first(&SOCKS) {
            Some((name, urls)) => Proxies::Chain(chain(name, urls)?),
            None => self.by_scheme()?,
        };
        Ok(Route { exceptions: self.exceptions(), ..proxies.into() })
    }

    fn exceptions(&self) -> NoProxy {
        let Some((name, list)) = self.first(&NO_PROXY) else { return NoProxy::default() };
        let exceptions = NoProxy::new(&list.to_string_lossy());
        let ignored = exceptions.ignored().count();
        if ignored > 0 {
            trace::ignored(name, &format!("{ignored} of its entries can never match"));
        }
        exceptions
    }

    fn by_scheme(&self) -> Result<Proxies, Error> {
        let https = self.first_with_socks(&HTTPS)?;
        let is_untrusted = self.case_insensitive && self.value(CGI_MARKER).is_some();
        let http = if is_untrusted { None } else { self.first_with_socks(&HTTP)? };
        if (is_untrusted || !self.case_insensitive) && self.value(REQUEST_HEADER).is_some() {
            trace::ignored(REQUEST_HEADER, "a CGI server sets it from a header of the request");
        }
        Ok(match (https, http) {
            (None, None) => Proxies::None,
            (https, http) => Proxies::ByScheme { https, http },
        })
    }

    /// Returns the chain of the first of these variables that contains SOCKS URLs.
    fn first_with_socks(&self, names: &[&'static str]) -> Result<Option<Chain>, Error> {
        for name in names {
            match self.value(name) {
                Some(urls) if is_for_socks(&urls) => return chain(name, urls).map(Some),
                Some(_) => trace::ignored(name, "it is not a SOCKS URL"),
                None => {}
            }
        }
        Ok(None)
    }

    /// Returns the first of these variables that is set.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, OsString)> {
        names.iter().find_map(|name| Some((*name, self.value(name)?)))
    }

    /// Returns the value of a variable. An empty one counts as not set.
    fn value(&self, name: &str) -> Option<OsString> {
        (self.read)(name).filter(|value| !value.is_empty())
    }
}

/// Returns whether a value is a SOCKS URL, or resembles one with a mistake.
///
/// Other programs read `socks:3128` as the host and port of an HTTP proxy, and so does this.
fn is_for_socks(urls: &OsString) -> bool {
    let urls = Zeroizing::new(urls.to_string_lossy().to_ascii_lowercase());
    urls.split(',').any(|url| {
        let url = url.trim_start_matches(|c: char| !c.is_alphanumeric());
        url.starts_with("socks") && Endpoint::try_from(url.trim_end()).is_err()
    })
}

fn chain(name: &'static str, urls: OsString) -> Result<Chain, Error> {
    let wrong = |wrong| Error::from(Invalid::Variable { name, wrong: Box::new(wrong) });
    let urls = Zeroizing::new(urls.into_string().map_err(|_| wrong(Invalid::NotUnicode))?);
    urls.parse().map_err(|error: Error| match error.kind() {
        ErrorKind::Invalid(invalid) => wrong(invalid.clone()).in_place_of(error),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::target::Target;
    use crate::route::proxies::Selected;

    fn read(variables: &[(&str, &str)]) -> Result<Route, Error> {
        let read = |name: &str| {
            let set = variables.iter().find(|(set, _)| *set == name);
            set.map(|(_, value)| value.into())
        };
        Variables { read, case_insensitive: false }.route()
    }

    fn route_to(variables: &[(&str, &str)], target: &str) -> String {
        let target = Target::try_from(target).unwrap();
        match read(variables).unwrap().select(&target).unwrap() {
            Selected::Direct => "direct".into(),
            Selected::Chain(chain) => chain.to_string(),
            Selected::AnyOf(upstreams) => upstreams.to_string(),
        }
    }

    const ONE: &str = "socks5h://one.example:1080";
    const TWO: &str = "socks4a://two.example:1080";

    #[test]
    fn lower_case_and_the_socks_variables_come_first() {
        let mut variables = vec![("ALL_PROXY", ONE)];
        for name in ["all_proxy", "SOCKS_PROXY", "socks_proxy"] {
            assert_eq!(route_to(&variables, "example.com:80"), ONE, "{name}");
            variables = vec![(name, ONE), ("ALL_PROXY", TWO), (variables[0].0, TWO)];
        }
        assert_eq!(route_to(&[("all_proxy", ""), ("ALL_PROXY", ONE)], "example.com:80"), ONE);
        assert_eq!(route_to(&[], "example.com:80"), "direct");
        assert_eq!(route_to(&[("no_proxy", "*")], "example.com:80"), "direct");
    }

    #[test]
    fn no_proxy_makes_some_targets_direct() {
        let variables = [("ALL_PROXY", ONE), ("no_proxy", "internal.example"), ("NO_PROXY", "*")];
        assert_eq!(route_to(&variables, "db.internal.example:80"), "direct");
        assert_eq!(route_to(&variables, "example.com:80"), ONE);
    }

    #[test]
    fn several_urls_are_a_chain() {
        assert_eq!(
            route_to(&[("ALL_PROXY", &format!("{ONE},{TWO}"))], "example.com:80"),
            format!("{ONE}, {TWO}")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_unicode_is_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let value = OsString::from_vec(b"socks5h://user:\xff@proxy.example".to_vec());
        for set in ["all_proxy", "https_proxy"] {
            let error = route(|name| (name == set).then(|| value.clone())).unwrap_err();
            assert_eq!(error.to_string(), format!("{set}: it is not Unicode: percent-encode what is not"));
        }
        let http = OsString::from_vec(b"http://user:\xff@proxy.example".to_vec());
        let route = route(|name| (name == "https_proxy").then(|| http.clone())).unwrap();
        assert!(matches!(route.proxies, Proxies::None));
    }

    #[test]
    fn other_urls_are_an_error_with_the_variables_name() {
        for (value, expected) in [
            (
                "http://proxy.example:3128",
                "ALL_PROXY: \"http://proxy.example:3128\": this is the URL of an HTTP proxy",
            ),
            ("proxy.example:1080", "ALL_PROXY: \"proxy.example:1080\": a proxy's URL begins with a scheme"),
            ("socks5h://user:secret@proxy.example:port", "ALL_PROXY: the port is not a number"),
        ] {
            let error = read(&[("ALL_PROXY", value)]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
    const HTTP_URL: &str = "http://proxy.example:3128";

    #[test]
    fn variables_of_http_clients_apply_if_they_contain_socks_urls() {
        for (variables, expected) in [
            (&[("https_proxy", ONE)][..], ONE),
            (&[("HTTPS_PROXY", ONE)], ONE),
            (&[("http_proxy", ONE)], ONE),
            (&[("HTTP_PROXY", ONE)], "direct"),
            (&[("https_proxy", ONE), ("HTTPS_PROXY", TWO), ("http_proxy", TWO)], ONE),
            (&[("HTTPS_PROXY", ONE), ("http_proxy", TWO)], ONE),
            (&[("https_proxy", HTTP_URL), ("HTTPS_PROXY", ONE)], ONE),
            (&[("https_proxy", HTTP_URL), ("http_proxy", ONE)], ONE),
            (&[("https_proxy", HTTP_URL), ("http_proxy", HTTP_URL)], "direct"),
            (&[("https_proxy", ""), ("http_proxy", ONE)], ONE),
            (&[("https_proxy", " "), ("http_proxy", ONE)], ONE),
            (&[("https_proxy", " socks5h://one.example\n")], ONE),
            (&[("https_proxy", "SOCKS5H://one.example")], ONE),
            // The variables for SOCKS and for all protocols come first.
            (&[("https_proxy", TWO), ("http_proxy", TWO), ("ALL_PROXY", ONE)], ONE),
            (&[("https_proxy", "socks5h://bad host"), ("socks_proxy", ONE)], ONE),
            (&[("https_proxy", ONE), ("ALL_PROXY", "")], ONE),
            // Other programs read these as hosts of HTTP proxies.
            (&[("https_proxy", "proxy.example:3128"), ("http_proxy", "proxy.example")], "direct"),
            (&[("https_proxy", "socks:3128"), ("http_proxy", "socks.example:3128")], "direct"),
            (&[("https_proxy", "http://socks5h.example"), ("http_proxy", "https://socks:3128")], "direct"),
            (&[("https_proxy", "http://socks5h:secret@proxy.example")], "direct"),
        ] {
            assert_eq!(route_to(variables, "example.com:80"), expected, "{variables:?}");
        }
        let chain = format!("{ONE},{TWO}");
        assert_eq!(route_to(&[("https_proxy", &chain)], "example.com:80"), format!("{ONE}, {TWO}"));
        let excepted = [("https_proxy", ONE), ("no_proxy", "example.com")];
        assert_eq!(route_to(&excepted, "example.com:80"), "direct");
        assert_eq!(route_to(&excepted, "example.org:80"), ONE);
    }

    #[test]
    fn a_mistake_in_a_socks_url_is_never_a_direct_connection() {
        for (value, expected) in [
            ("socks5h://bad host", "\"socks5h://bad host\": ' ' can't stand in a host name"),
            ("socks5h://user:secret@one:port", "the port is not a number"),
            ("SOCKS5H://one:port", "the port is not a number"),
            ("socks6://one", "\"socks6://one\": the URL's scheme is none of SOCKS"),
            ("socks5h:127.0.0.1:1080", "a proxy's URL begins with a scheme"),
            ("socks5h//127.0.0.1:1080", "a proxy's URL begins with a scheme"),
            ("socks5h:/127.0.0.1", "a proxy's URL begins with a scheme"),
            ("\"socks5h://one:1080\"", "\"\\\"socks5h://one:1080\\\"\": the quotes are part of the text"),
            ("'socks5h://one:1080'", "\"'socks5h://one:1080'\": the quotes are part of the text"),
            ("“socks5h://user:secret@one”", "the quotes are part of the text"),
            ("socks5h://user:secret,secret@one", "in a user name and a password, percent-encode"),
            ("socks5h://one, http://two", "proxy 2 of 2: \"http://two\": this is the URL of an HTTP proxy"),
            ("http://one, socks5h://two", "proxy 1 of 2: \"http://one\": this is the URL of an HTTP proxy"),
            ("socks5h://one,", "proxy 2 of 2: a proxy's URL begins with a scheme"),
        ] {
            for name in [SOCKS.as_slice(), &HTTPS, &HTTP].concat() {
                let error = read(&[(name, value)]).unwrap_err();
                let shown = format!("{error} {error:?}");
                assert!(shown.starts_with(&format!("{name}: {expected}")), "{shown}");
                assert!(!shown.contains("secret"), "{shown}");
            }
        }
        // The first variable is valid for https, but the second is not for http.
        read(&[("https_proxy", ONE), ("http_proxy", "socks5h://bad host")]).unwrap_err();
    }

    #[test]
    fn a_request_header_is_never_trusted() {
        let in_cgi = |variables: &[(&str, &str)]| {
            let read = |name: &str| {
                let set = variables.iter().find(|(set, _)| set.eq_ignore_ascii_case(name));
                set.map(|(_, value)| value.into())
            };
            Variables { read, case_insensitive: true }.route().unwrap().proxies
        };
        for value in [ONE, "socks5h://bad host"] {
            let header = [("HTTP_PROXY", value), ("REQUEST_METHOD", "GET")];
            assert!(matches!(in_cgi(&header), Proxies::None), "{value}");
        }
        assert!(matches!(in_cgi(&[("HTTP_PROXY", ONE)]), Proxies::ByScheme { https: None, http: Some(_) }));
        let https = [("HTTPS_PROXY", ONE), ("REQUEST_METHOD", "GET")];
        assert!(matches!(in_cgi(&https), Proxies::ByScheme { https: Some(_), http: None }));
    }
}
