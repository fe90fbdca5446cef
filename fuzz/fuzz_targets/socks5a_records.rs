//! SOCKS5a: records of TOL on streams and as datagrams, both ways: signed, changed, and any bytes.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("socks5a_records", input));
