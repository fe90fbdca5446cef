//! SOCKS4 handshakes with a proxy that sends any bytes.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("socks4", input));
