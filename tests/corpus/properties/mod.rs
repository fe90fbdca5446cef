//! Properties that hold for every input. The fuzzer checks them for the inputs that it finds, and
//! the tests for the committed inputs.

mod conversation;
mod dice;
mod gssapi;
mod mechanism;
mod numbered;
mod pieces;
mod proxy_url;
mod pump;
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
        "pump" => pump::holds(input),
        "gssapi" => gssapi::holds(input),
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
