//! Why there is no relay at an address.

use crate::protocol::address::{Address, Name};
use crate::protocol::target::syntax;

pub(super) fn given_as(bound: &Address, relay: &Address) -> String {
    if bound == relay { String::new() } else { format!(" (the proxy replied {bound})") }
}

/// Why there can be no relay at an address that the policy has chosen.
pub(super) fn why_none(relay: &Address) -> &'static str {
    match relay {
        _ if relay.port() == 0 => "the port is 0",
        Address::Ip(_) => "not a unicast address",
        Address::Name(name, _) if !is_host_name(name) => "not a host name",
        Address::Name(..) => {
            "names from the proxy are not resolved on this machine; \
             `Relay::ProxyAddress` or `Relay::by` can replace this one"
        }
    }
}

fn is_host_name(name: &Name) -> bool {
    std::str::from_utf8(name.as_bytes()).is_ok_and(|name| syntax::check(name).is_ok())
}
