//! The forwarder and a client that says anything.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("forwarder", input));
