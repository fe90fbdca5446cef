//! The pump of frames, both ways: any frames, any chunks, one layer or two.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("pump", input));
