//! Fragments of UDP datagrams, in any order, from several sources.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::hold("udp_reassembly", input));
