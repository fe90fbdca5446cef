//! Headers of UDP datagrams: a proxy's, which may be anything, and the client's.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("udp_header", input));
