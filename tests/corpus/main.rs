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
fn commands() {
    replay("commands");
}

#[test]
fn early_data() {
    replay("early_data");
}

#[test]
fn chain() {
    replay("chain");
}

#[test]
fn no_proxy() {
    replay("no_proxy");
}

/// Each input in a process of its own, with its variables. On Windows, two of them are one.
#[cfg(unix)]
#[test]
fn environment_variables() {
    use std::env;
    use std::process::Command;

    const INPUT: &str = "ANYSOCKS_CORPUS_INPUT";
    if let Some(path) = env::var_os(INPUT) {
        return properties::hold("environment", &fs::read(path).unwrap());
    }
    for path in inputs("environment") {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "environment_variables"]).env(INPUT, &path);
        for (name, value) in properties::environment::variables(&fs::read(&path).unwrap()) {
            match value {
                Some(value) => child.env(name, value),
                None => child.env_remove(name),
            };
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{}: {text}", path.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn received_datagrams() {
    replay("received");
}

#[cfg(feature = "forward")]
#[test]
fn forwarder() {
    replay("forwarder");
}

#[test]
fn pump() {
    replay("pump");
}

#[test]
fn gssapi() {
    replay("gssapi");
}

#[cfg(feature = "socks5a")]
#[test]
fn socks5a_commands() {
    replay("socks5a_commands");
}

#[cfg(feature = "socks5a")]
#[test]
fn socks5a_eaf() {
    replay("socks5a_eaf");
}

#[cfg(feature = "socks5a")]
#[test]
fn socks5a_records() {
    replay("socks5a_records");
}

#[cfg(feature = "socks5a")]
#[test]
fn socks5a_refusals() {
    replay("socks5a_refusals");
}

#[test]
fn second_reply() {
    replay("second_reply");
}

#[test]
fn target() {
    replay("target");
}

#[test]
fn proxy_url() {
    replay("proxy_url");
}

/// The corpus is of texts, and what is made in code is of any bytes.
#[test]
fn proxy_url_of_any_bytes() {
    any_bytes("proxy_url", 5_000);
}

#[test]
fn gssapi_of_any_bytes() {
    any_bytes("gssapi", 5_000);
}

#[cfg(feature = "socks5a")]
#[test]
fn socks5a_of_any_bytes() {
    for fuzz_target in ["socks5a_commands", "socks5a_eaf", "socks5a_records", "socks5a_refusals"] {
        any_bytes(fuzz_target, 200);
    }
}

fn any_bytes(fuzz_target: &str, count: usize) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..count {
        let input: Vec<u8> = std::iter::repeat_with(|| {
            // Marsaglia's xorshift: the same inputs each time.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(16)
        .flatten()
        .collect();
        properties::hold(fuzz_target, &input);
    }
}

#[test]
fn udp_header() {
    replay("udp_header");
}

#[test]
fn udp_reassembly() {
    replay("udp_reassembly");
}
