//! The way that the environment says.

use super::{Chain, NoProxy, Proxies, Route};
use crate::error::{Error, ErrorKind};
use crate::invalid::Invalid;
use std::ffi::OsString;
use zeroize::Zeroizing;

/// The variables, in the order in which curl looks for its own: lower case first, the protocol before all.
const PROXY: [&str; 4] = ["socks_proxy", "SOCKS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The route that the variables describe.
pub(super) fn route(variable: impl Fn(&str) -> Option<OsString>) -> Result<Route, Error> {
    let first = |names: &[&'static str]| {
        let set = |name: &&'static str| Some((*name, variable(name).filter(|text| !text.is_empty())?));
        names.iter().find_map(set)
    };
    let Some((name, urls)) = first(&PROXY) else { return Ok(Proxies::None.into()) };
    let wrong = |wrong| Error::from(Invalid::Variable { name, wrong: Box::new(wrong) });
    let urls = Zeroizing::new(urls.into_string().map_err(|_| wrong(Invalid::NotUnicode))?);
    let chain: Chain = urls.parse().map_err(|error: Error| match error.kind() {
        ErrorKind::Invalid(invalid) => wrong(invalid.clone()).of_the_hop_of(&error),
        _ => error,
    })?;
    let exceptions =
        first(&NO_PROXY).map_or_else(NoProxy::default, |(_, list)| NoProxy::new(&list.to_string_lossy()));
    Ok(Route { proxies: Proxies::Chain(chain), exceptions })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn read(variables: &[(&str, &str)]) -> Result<Route, Error> {
        route(|name| {
            let set = variables.iter().find(|(set, _)| *set == name);
            set.map(|(_, value)| value.into())
        })
    }

    fn way(variables: &[(&str, &str)], target: &str) -> String {
        let target = Target::try_from(target).unwrap();
        read(variables).unwrap().to(&target).map_or_else(|| "direct".into(), |chain| chain.to_string())
    }

    const ONE: &str = "socks5h://one.example:1080";
    const TWO: &str = "socks4a://two.example:1080";

    #[test]
    fn lower_case_first_and_socks_before_all() {
        let mut variables = vec![("ALL_PROXY", ONE)];
        for name in ["all_proxy", "SOCKS_PROXY", "socks_proxy"] {
            assert_eq!(way(&variables, "example.com:80"), ONE, "{name}");
            variables = vec![(name, ONE), ("ALL_PROXY", TWO), (variables[0].0, TWO)];
        }
        assert_eq!(way(&[("all_proxy", ""), ("ALL_PROXY", ONE)], "example.com:80"), ONE);
        assert_eq!(way(&[], "example.com:80"), "direct");
        assert_eq!(way(&[("no_proxy", "*")], "example.com:80"), "direct");
    }

    #[test]
    fn no_proxy_is_for_some_targets() {
        let variables = [("ALL_PROXY", ONE), ("no_proxy", "internal.example"), ("NO_PROXY", "*")];
        assert_eq!(way(&variables, "db.internal.example:80"), "direct");
        assert_eq!(way(&variables, "example.com:80"), ONE);
    }

    #[test]
    fn several_urls_are_a_chain() {
        assert_eq!(way(&[("ALL_PROXY", &format!("{ONE},{TWO}"))], "example.com:80"), format!("{ONE}, {TWO}"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_unicode_is_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let value = OsString::from_vec(b"socks5h://user:\xff@proxy.example".to_vec());
        let error = route(|name| (name == "all_proxy").then(|| value.clone())).unwrap_err();
        assert_eq!(error.to_string(), "all_proxy: it is not Unicode: percent-encode what is not");
    }

    #[test]
    fn what_is_no_socks_url_is_an_error_that_names_the_variable() {
        for (value, said) in [
            ("http://proxy.example:3128", "ALL_PROXY: the URL's scheme is none of SOCKS"),
            ("proxy.example:1080", "ALL_PROXY: a proxy's URL begins with a scheme"),
            ("socks5h://user:secret@proxy.example:port", "ALL_PROXY: the port is not a number"),
        ] {
            let error = read(&[("ALL_PROXY", value)]).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
