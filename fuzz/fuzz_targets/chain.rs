//! Chains of proxies that send any bytes, and encapsulations inside of each other.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("chain", input));
