//! Properties that hold for every input. The fuzzer checks them for the inputs that it finds, and
//! the tests for the committed inputs.

mod chain;
mod commands;
mod conversation;
mod dice;
mod early_data;
#[cfg(unix)]
pub(crate) mod environment;
#[cfg(feature = "forward")]
mod forwarder;
mod gssapi;
mod mechanism;
mod no_proxy;
mod numbered;
mod pieces;
mod proxy_url;
mod pump;
#[cfg(target_os = "linux")]
mod received;
mod scripted;
mod second_reply;
mod socks4;
mod socks5;
#[cfg(feature = "socks5a")]
mod socks5a;
mod target;
mod udp_header;
mod udp_reassembly;

/// Panics if a property of this fuzz target does not hold for the input.
pub(crate) fn hold(fuzz_target: &str, input: &[u8]) {
    match fuzz_target {
        "socks5" => socks5::holds(input),
        "socks4" => socks4::holds(input),
        "commands" => commands::holds(input),
        "early_data" => early_data::holds(input),
        "chain" => chain::holds(input),
        "no_proxy" => no_proxy::holds(input),
        #[cfg(unix)]
        "environment" => environment::holds(input),
        #[cfg(target_os = "linux")]
        "received" => received::holds(input),
        #[cfg(feature = "forward")]
        "forwarder" => forwarder::holds(input),
        "pump" => pump::holds(input),
        "gssapi" => gssapi::holds(input),
        #[cfg(feature = "socks5a")]
        "socks5a_commands" => socks5a::commands::holds(input),
        #[cfg(feature = "socks5a")]
        "socks5a_eaf" => socks5a::eaf::holds(input),
        #[cfg(feature = "socks5a")]
        "socks5a_records" => socks5a::records::holds(input),
        #[cfg(feature = "socks5a")]
        "socks5a_refusals" => socks5a::refusals::holds(input),
        "second_reply" => second_reply::holds(input),
        "target" => target::holds(input),
        "proxy_url" => proxy_url::holds(input),
        "udp_header" => udp_header::holds(input),
        "udp_reassembly" => udp_reassembly::holds(input),
        unknown => panic!("there is no fuzz target {unknown}"),
    }
}
