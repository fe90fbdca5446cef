//! SOCKS5a: every command, several on one connection.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("socks5a_commands", input));
