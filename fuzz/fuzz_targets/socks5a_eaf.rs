//! SOCKS5a: messages of EAF and their METADATA, with valid and changed HMACs, and any bytes.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("socks5a_eaf", input));
