//! GSS-API (RFC 1961): whether the proxy selects it, and which levels it grants.

use crate::event::reason;
use crate::method;
use anysocks::protocol::Command;
use anysocks::{Auth, Endpoint, Error, Proxy, SocksProtocol};

const LEVELS: [&str; 2] = ["confidentiality", "integrity"];

/// Offers GSS-API without a mechanism, which needs no ticket.
pub(crate) fn offered() -> Result<Auth, Error> {
    method::offered(1, "GSS-API")
}

/// Returns the levels that `is_granted` finds, or why none can be tried.
pub(crate) fn levels(proxy: &Proxy, mut is_granted: impl FnMut(&Auth) -> bool) -> String {
    let mut granted = Vec::new();
    for level in LEVELS {
        match prepared(proxy, level) {
            Ok(auth) if is_granted(&auth) => granted.push(level),
            Ok(_) => {}
            Err(error) => return format!("no level was tried: {}", reason(&error)),
        }
    }
    if granted.is_empty() { "grants no level".into() } else { format!("grants {}", granted.join(", ")) }
}

/// Gets a ticket for the service of the proxy's URL.
fn prepared(proxy: &Proxy, level: &str) -> Result<Auth, Error> {
    let url = proxy.to_string();
    let service = url.split('&').find(|option| option.starts_with("service="));
    let service = service.map_or_else(String::new, |service| format!("&{service}"));
    let at_level: Proxy = format!("socks5h://proxy.invalid?auth=gssapi&level={level}{service}").parse()?;
    auth(&at_level, proxy.endpoint())?.prepare(Command::Connect)
}

pub(crate) fn is_in_url(proxy: &Proxy) -> bool {
    proxy.to_string().contains("?auth=gssapi")
}

/// Returns the METHODs of a proxy, for a stream to this endpoint.
pub(crate) fn auth(proxy: &Proxy, endpoint: &Endpoint) -> Result<Auth, Error> {
    match (proxy.protocol(), endpoint) {
        (SocksProtocol::V5(auth), Endpoint::Name(name, _)) => auth.clone().host(name.as_str()),
        (SocksProtocol::V5(auth), _) => Ok(auth.clone()),
        _ => Ok(Auth::none()),
    }
}
