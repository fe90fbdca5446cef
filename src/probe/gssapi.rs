//! GSS-API (RFC 1961): whether the proxy selects it, and which levels it grants.

use super::method;
use super::note::{Note, name};
use super::reason::of_socks;
use crate::error::Error;
use crate::gssapi::Level;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::socks5::Auth;
use crate::proxy::Proxy;
use std::time::Duration;

const LEVELS: [Level; 2] = [Level::Confidentiality, Level::Integrity];

/// Offers GSS-API without a mechanism, which needs no ticket.
pub(super) fn offered() -> Result<Auth, Error> {
    method::offered(1, "GSS-API")
}

/// Returns the levels that `is_granted` finds, or why none can be tried.
pub(super) fn levels(
    proxy: &Proxy,
    timeout: Duration,
    is_granted: impl Fn(&Proxy) -> Result<bool, Error>,
) -> Note {
    let mut granted = Vec::new();
    for level in LEVELS {
        match at_level(proxy, level).and_then(|proxy| is_granted(&proxy)) {
            Ok(true) => granted.push(level),
            Ok(false) => {}
            Err(error) => return Note::NoLevelTried(of_socks(&error, timeout)),
        }
    }
    Note::Levels(granted)
}

/// Returns the proxy with GSS-API of this level, for the service of its URL.
fn at_level(proxy: &Proxy, level: Level) -> Result<Proxy, Error> {
    let url = proxy.to_string();
    let service = url.split('&').find(|option| option.starts_with("service="));
    let service = service.map_or_else(String::new, |service| format!("&{service}"));
    let url = format!("socks5h://proxy.invalid?auth=gssapi&level={}{service}", name(level));
    match url.parse::<Proxy>()?.protocol() {
        SocksProtocol::V5(auth) => Proxy::socks5(proxy.endpoint().clone())?.auth(auth.clone()),
        SocksProtocol::V4(_) => Ok(proxy.clone()),
    }
}
