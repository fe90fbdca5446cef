//! GSS-API: negotiations of any messages, and frames that are lost, doubled, swapped or forged.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("gssapi", input));
