//! Texts for an address at which there can be no relay.

use crate::protocol::address::{Address, Name};
use crate::protocol::target::syntax;

/// Returns the address in the reply, if the policy has replaced it.
pub(super) fn in_reply(bound: &Address, relay: &Address) -> String {
    if bound == relay { String::new() } else { format!(" (the proxy replied {bound})") }
}

/// Returns why there can be no relay at the address that the policy returned.
pub(super) fn reason(relay: &Address) -> &'static str {
    match relay {
        _ if relay.port() == 0 => "the port is 0",
        Address::Ip(_) => "not a unicast address",
        Address::Name(name, _) if !is_host_name(name) => "not a host name",
        Address::Name(..) => {
            "names from the proxy are not resolved on this machine; \
             `?relay=proxy` in the proxy's URL, `Relay::ProxyAddress` or `Relay::by` can replace this one"
        }
    }
}

fn is_host_name(name: &Name) -> bool {
    std::str::from_utf8(name.as_bytes()).is_ok_and(|name| syntax::check(name).is_ok())
}
