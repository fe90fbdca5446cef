//! The variables of the environment.

#![no_main]

#[path = "../../tests/corpus/properties/mod.rs"]
mod properties;

use std::env;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for (name, value) in properties::environment::variables(input) {
        // SAFETY: this process has no other thread that reads the environment.
        unsafe {
            match value {
                Some(value) => env::set_var(name, value),
                None => env::remove_var(name),
            }
        }
    }
    properties::hold("environment", input);
});
