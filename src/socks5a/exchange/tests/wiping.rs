//! No secret is left in memory. The test runs alone in a process, because others hold the same
//! secrets.

use super::*;
use crate::socks5a::vectors::{Vectors, case, common};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use zeroize::Zeroize;

const ALONE: &str = "ANYSOCKS_TEST_WIPING";

/// The bytes of a value, each inverted: the search must not find its own pattern.
fn inverted(vectors: &Vectors, key: &str) -> Vec<u8> {
    let digits = vectors.text(key);
    let digit = |at: usize| u8::from_str_radix(&digits[at..=at], 16).unwrap();
    (0..digits.len()).step_by(2).map(|at| !(digit(at) << 4 | digit(at + 1))).collect()
}

/// Returns how often the pattern is in the memory of this process.
fn count(pattern: &[u8]) -> usize {
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        memory.seek(SeekFrom::Start(start)).unwrap();
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact(&mut bytes).is_ok() {
            let is_pattern = |window: &&[u8]| window.iter().zip(pattern).all(|(a, b)| *a == !*b);
            found += bytes.windows(pattern.len()).filter(is_pattern).count();
        }
        bytes.zeroize();
    }
    found
}

fn secrets() -> [(&'static str, Vec<u8>); 6] {
    let case = case("token with key exchange");
    let token: Vec<u8> = case.text("token_utf8").bytes().map(|byte| !byte).collect();
    [
        ("psk", inverted(&common(), "psk")),
        ("client_key", inverted(&common(), "client_key")),
        ("server_key", inverted(&common(), "server_key")),
        ("session_key", inverted(&case, "session_key")),
        ("dh", inverted(&case, "dh")),
        ("token", token),
    ]
}

#[test]
fn secrets_are_wiped() {
    if std::env::var_os(ALONE).is_none() {
        let name = "socks5a::exchange::tests::wiping::secrets_are_wiped";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        return;
    }
    let vectors = case("token with key exchange");
    let mut psk = common().bytes("psk");
    let options = Options {
        psk: Psk::new(&psk).unwrap(),
        factor: Factor::token(vectors.text("token_utf8")).unwrap(),
        identity: "".into(),
        key_exchange: true,
    };
    psk.zeroize();
    let private = StaticSecret::from(vectors.array::<32>("client_x25519_private"));
    let draw = Draw { time: 1_770_000_000, nonce: common().array("nonce"), private: Some(private) };
    let others = Capabilities::TOL | Capabilities::SEQUENCE;
    let mut exchange = Exchange::start(Arc::new(options), &draw, others).unwrap();
    let answers = [&[VERSION][..], &vectors.bytes("server_result")].concat();
    let (mut written, outcome) = play(&mut exchange, &answers, usize::MAX);
    written.zeroize();
    let verified = outcome.ok().unwrap();
    let secrets = secrets();
    // Otherwise this tests nothing.
    assert!(count(&secrets[0].1) > 0 && count(&secrets[3].1) > 0);
    drop((exchange, verified, draw));
    let left: Vec<_> =
        secrets.iter().map(|(name, pattern)| (*name, count(pattern))).filter(|(_, n)| *n > 0).collect();
    assert!(left.is_empty(), "{left:?}");
}
