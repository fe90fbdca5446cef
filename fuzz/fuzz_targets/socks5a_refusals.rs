//! SOCKS5a: refusals with details that are whole, cut, or an IPv4 address.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("socks5a_refusals", input));
