//! No secret is left in memory. The client runs alone in a process, because the test holds the
//! same secrets.

use super::*;
use crate::protocol::encapsulation::Encapsulation;
use crate::protocol::frames::Frames;
use crate::socks5a::{Obfuscation, Tol};
use sha2::block_api::compress256;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use zeroize::Zeroize;

const SEARCHED: &str = "ANYSOCKS_TEST_WIPING";

/// The numbers of the secrets.
const PSK_OF_TOL: u8 = 1;
const PRIVATE_KEY: u8 = 2;
const SEED: u8 = 3;
const CODES: u8 = 4;
const CHALLENGED: u8 = 5;
const TOKEN: u8 = 6;

/// 32 bytes that are nowhere else in memory.
fn secret(number: u8) -> Zeroizing<Vec<u8>> {
    let byte = |at: u8| (at ^ number.wrapping_mul(0x35)).wrapping_mul(0x9D).rotate_left(3) ^ at;
    Zeroizing::new((0..32).map(byte).collect())
}

fn factors() -> [Factor; 5] {
    let mut seed = [0; 32];
    seed.copy_from_slice(&secret(SEED));
    let public_key = Factor::public_key(seed);
    seed.zeroize();
    let totp = Factor::totp(&*secret(CODES)).unwrap();
    let token = Factor::token(&*secret(TOKEN)).unwrap();
    let several = Factor::several([public_key.clone(), totp.clone(), token.clone()]).unwrap();
    [public_key, totp, token, several, Factor::challenge_response(&*secret(CHALLENGED)).unwrap()]
}

fn exchange(factor: Factor) -> Exchange {
    let mut psk = common().bytes("psk");
    let options = Options { psk: Psk::new(&psk).unwrap(), factor, identity: "".into(), key_exchange: true };
    psk.zeroize();
    let mut key = Key::default();
    key.copy_from_slice(&secret(PRIVATE_KEY));
    let private_key = Some(PrivateKey::from_key(key));
    let ephemeral = Ephemeral { time: TIME, nonce: common().array("nonce"), private_key };
    Exchange::start(Arc::new(options), ephemeral, Capabilities::TOL).unwrap()
}

/// The private key of the proxy.
fn servers() -> PrivateKey {
    private_key([2; 32])
}

/// What the proxy answers, in hexadecimal digits.
fn answers(factor: &Factor) -> String {
    let first: [&[u8]; 2] = [&context(), &key_exchange(servers().public_key())];
    let mut answers = vec![VERSION];
    if factor.mid() == CHALLENGE_RESPONSE {
        answers.extend(message(&[&[2, 0, 16][..], &[7; 16]].concat(), &first));
        answers.extend(message(&[2, 0], &first[..1]));
    } else {
        answers.extend(message(&[factor.mid(), 0], &first));
    }
    hexadecimal(answers)
}

fn hexadecimal(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn bytes(digits: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}

/// The states of HMAC-SHA256 with a key (RFC 2104 §2), and the blocks that they are made of.
fn of_hmac(name: &str, key: &[u8], all: &mut Vec<(String, Vec<u8>)>) {
    const INITIAL: [u32; 8] = [
        0x6A09_E667,
        0xBB67_AE85,
        0x3C6E_F372,
        0xA54F_F53A,
        0x510E_527F,
        0x9B05_688C,
        0x1F83_D9AB,
        0x5BE0_CD19,
    ];
    all.push((name.into(), key.to_vec()));
    for (pad, side) in [(0x36, "inner"), (0x5C, "outer")] {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        let mut state = INITIAL;
        compress256(&mut state, &[block]);
        all.push((format!("{name}, {side} state"), state.map(u32::to_ne_bytes).concat()));
        all.push((format!("{name}, {side} block"), block[..key.len()].to_vec()));
    }
}

/// All secrets, by their names.
fn secrets() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("psk".to_owned(), common().bytes("psk"))];
    for (name, number) in [
        ("psk of TOL", PSK_OF_TOL),
        ("Ed25519 seed", SEED),
        ("secret of one-time passwords", CODES),
        ("token", TOKEN),
    ] {
        all.push((name.into(), secret(number).to_vec()));
    }
    // Without the two bytes that X25519 changes (RFC 7748 §5).
    all.push(("X25519 private key".into(), secret(PRIVATE_KEY)[1..31].to_vec()));
    let public_key = exchange(factors()[0].clone()).private_key.unwrap().public_key();
    all.push(("X25519 shared secret".into(), servers().agree(public_key).unwrap().to_vec()));
    of_hmac("secret of challenges", &secret(CHALLENGED), &mut all);
    of_hmac("client key", &*crypto::client_key(&common().bytes("psk")), &mut all);
    of_hmac("server key", &*crypto::server_key(&common().bytes("psk")), &mut all);
    of_hmac("TOL's key", &*crypto::tol_key(&secret(PSK_OF_TOL)), &mut all);
    for (at, factor) in factors().into_iter().enumerate() {
        let answers = bytes(&answers(&factor));
        let verified = play(&mut exchange(factor), &answers, usize::MAX).1.ok().unwrap();
        of_hmac(&format!("session key {at}"), &*verified.key, &mut all);
    }
    all
}

/// Seals a record and opens it.
fn echo(encapsulation: Encapsulation) -> Frames {
    let mut frames = Frames::from(encapsulation);
    frames.outgoing.put_all(b"plain").unwrap();
    let mut record = frames.outgoing.pending();
    while !record.is_empty() {
        let n = record.read(frames.incoming.room()).unwrap();
        frames.incoming.filled(n);
        assert!(frames.incoming.plain().is_ok());
    }
    assert_eq!(frames.incoming.plain().unwrap(), b"plain");
    frames
}

/// Counts the patterns in the memory of this process. Their bytes are inverted: the search must
/// not find the patterns themselves.
fn count(patterns: &[(&str, Vec<u8>)]) -> Vec<usize> {
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = vec![0; patterns.len()];
    let mut by_first = vec![Vec::new(); 256];
    for (number, (_, pattern)) in patterns.iter().enumerate() {
        by_first[usize::from(!pattern[0])].push(number);
    }
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
            for (at, first) in bytes.iter().enumerate() {
                for &number in &by_first[usize::from(*first)] {
                    let pattern = &patterns[number].1;
                    let there = bytes[at..].get(..pattern.len());
                    let is_there =
                        there.is_some_and(|there| there.iter().zip(pattern).all(|(a, b)| *a == !*b));
                    found[number] += usize::from(is_there);
                }
            }
        }
        bytes.zeroize();
    }
    found
}

/// Runs the client, in a process of its own.
fn search(input: &str) {
    let (answers, patterns) = input.split_once('|').unwrap();
    let patterns: Vec<_> = patterns.split(';').map(|row| row.split_once(':').unwrap()).collect();
    let patterns: Vec<_> = patterns.into_iter().map(|(name, digits)| (name, bytes(digits))).collect();
    let tol = Tol::new(Obfuscation::Padding).psk(Psk::new(&*secret(PSK_OF_TOL)).unwrap());
    let mut held = Vec::new();
    for (factor, answers) in factors().into_iter().zip(answers.split(';')) {
        let mut exchange = exchange(factor);
        let (mut written, outcome) = play(&mut exchange, &bytes(answers), usize::MAX);
        written.zeroize();
        let verified = outcome.ok().unwrap();
        held.push((exchange, echo(tol.encapsulation(Some(verified.key)).unwrap())));
    }
    let of_tol = echo(tol.encapsulation(None).unwrap());
    let named = |counts: Vec<usize>, is_wanted: fn(usize) -> bool| -> Vec<String> {
        let rows = patterns.iter().zip(counts).filter(|(_, n)| is_wanted(*n));
        rows.map(|((name, _), n)| format!("{n} of {name}")).collect()
    };
    // The client needs these, so the search must find them.
    let missing = named(count(&patterns), |n| n == 0);
    let is_needed = |row: &String| row.ends_with("state") || row.contains("psk") || row.contains("seed");
    assert!(!missing.iter().any(is_needed), "{missing:?}");
    drop((held, tol, of_tol));
    let left = named(count(&patterns), |n| n > 0);
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn secrets_are_wiped() {
    if let Ok(input) = std::env::var(SEARCHED) {
        return search(&input);
    }
    let answers = factors().map(|factor| answers(&factor)).join(";");
    let inverted = |(name, bytes): (String, Vec<u8>)| {
        format!("{name}:{}", hexadecimal(bytes.into_iter().map(|byte| !byte)))
    };
    let patterns: Vec<_> = secrets().into_iter().map(inverted).collect();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "socks5a::exchange::tests::wiping::secrets_are_wiped", "--nocapture"])
        .env(SEARCHED, format!("{answers}|{}", patterns.join(";")))
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
