//! The inputs that fuzzing found worth keeping, through the same properties, on any toolchain.

mod properties;

use std::fs;
use std::path::{Path, PathBuf};

fn inputs(fuzz_target: &str) -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/inputs").join(fuzz_target);
    let mut inputs: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

fn replay(fuzz_target: &str) {
    let inputs = inputs(fuzz_target);
    assert!(!inputs.is_empty(), "the corpus of {fuzz_target} is empty");
    for path in inputs {
        // Shown when a property fails.
        println!("{}", path.display());
        properties::hold(fuzz_target, &fs::read(path).unwrap());
    }
}

#[test]
fn socks5() {
    replay("socks5");
}

#[test]
fn socks4() {
    replay("socks4");
}

#[test]
fn target() {
    replay("target");
}

#[test]
fn proxy_url() {
    replay("proxy_url");
}

#[test]
fn udp_header() {
    replay("udp_header");
}

#[test]
fn udp_reassembly() {
    replay("udp_reassembly");
}
