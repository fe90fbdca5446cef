//! HKDF, HMAC, and the keys of EAF and TOL.

use hkdf::{GenericHkdfExtract, HkdfExtract};
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::digest::Digest;
use sha2::{Sha256, digest::block_api::EagerHash};
use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use zeroize::{Zeroize, Zeroizing};

/// The length of a key, and of an HMAC.
pub(super) const LEN: usize = 32;

/// The block of SHA-1 and SHA-256.
const BLOCK: usize = 64;

const EAF: &[u8] = b"socks5a eaf v1";
const TOL: &[u8] = b"socks5a tol v1";

/// A key, wiped on drop. It is on the heap, so that a move leaves no copy behind.
#[derive(Default)]
pub(super) struct Key(Box<Zeroizing<[u8; LEN]>>);

impl Deref for Key {
    type Target = [u8; LEN];

    fn deref(&self) -> &[u8; LEN] {
        &self.0
    }
}

impl DerefMut for Key {
    fn deref_mut(&mut self) -> &mut [u8; LEN] {
        &mut self.0
    }
}

/// Returns the key of the messages that the client sends.
pub(super) fn client_key(psk: &[u8]) -> Key {
    hkdf(EAF, &[psk], b"client hmac")
}

/// Returns the key of the messages that the server sends.
pub(super) fn server_key(psk: &[u8]) -> Key {
    hkdf(EAF, &[psk], b"server hmac")
}

/// Returns the key that EAF makes. `dh` is empty without a key exchange.
pub(super) fn session_key(transcript: Sha256, psk: &[u8], dh: &[u8]) -> Key {
    hkdf(&transcript.finalize(), &[psk, dh], b"session key")
}

/// Returns the key of TOL without EAF.
pub(super) fn tol_key(psk: &[u8]) -> Key {
    hkdf(TOL, &[psk], b"session key")
}

/// Runs an operation on secrets, and overwrites the part of the stack that it has used.
///
/// The crates for cryptography move their states by value, which leaves copies there. The outcome
/// must have its secrets on the heap.
pub(super) fn wiped<T>(operation: impl FnOnce() -> T) -> T {
    let outcome = called(operation);
    wipe_stack::<DEEP>();
    outcome
}

/// How many bytes derivations, signatures and key agreements use at most.
const DEEP: usize = 32 * 1024;

/// The same for one HMAC. Each record needs one, and a longer part would take more time than it.
const SHALLOW: usize = 8 * 1024;

#[inline(never)]
fn called<T>(operation: impl FnOnce() -> T) -> T {
    operation()
}

#[inline(never)]
fn wipe_stack<const BYTES: usize>() {
    let mut zeros = [0_u8; BYTES];
    // `zeroize` writes element by element, which would take longer than the HMAC of a record.
    black_box(&mut zeros);
}

/// HKDF-SHA256 (RFC 5869) to one key.
fn hkdf(salt: &[u8], input: &[&[u8]], info: &[u8]) -> Key {
    wiped(|| derive(salt, input, info))
}

fn derive(salt: &[u8], input: &[&[u8]], info: &[u8]) -> Key {
    let mut extract: GenericHkdfExtract<Hmac<Sha256>> = HkdfExtract::<Sha256>::new(Some(salt));
    for part in input {
        extract.input_ikm(part);
    }
    let (mut pseudorandom, expand) = extract.finalize();
    pseudorandom.zeroize();
    let mut key = Key::default();
    // It fails for more than 255 times this length only.
    let expanded = expand.expand(info, &mut *key);
    debug_assert!(expanded.is_ok());
    key
}

/// HMAC-SHA256 with a key. The states that the key has made are wiped on drop.
pub(super) struct Mac(Box<Hmac<Sha256>>);

impl Mac {
    pub(super) fn new(key: &[u8]) -> Self {
        wiped(|| Self(Box::new(keyed::<Sha256>(key))))
    }

    pub(super) fn sum(&self, parts: &[&[u8]]) -> [u8; LEN] {
        self.with(parts, |mac| mac.finalize().into_bytes().into())
    }

    /// Returns whether `sum` is the HMAC, or a part of it from the start. Takes the same time for
    /// each wrong one.
    pub(super) fn is_sum(&self, parts: &[&[u8]], sum: &[u8]) -> bool {
        self.with(parts, |mac| mac.verify_truncated_left(sum).is_ok())
    }

    fn with<T>(&self, parts: &[&[u8]], finish: impl FnOnce(Hmac<Sha256>) -> T) -> T {
        let outcome = called(|| {
            let mut mac = Hmac::clone(&self.0);
            for part in parts {
                mac.update(part);
            }
            finish(mac)
        });
        wipe_stack::<SHALLOW>();
        outcome
    }
}

impl Clone for Mac {
    fn clone(&self) -> Self {
        wiped(|| Self(self.0.clone()))
    }
}

/// Returns HMAC with a key of any length (RFC 2104 §2).
pub(super) fn keyed<D>(key: &[u8]) -> Hmac<D>
where
    D: EagerHash + Digest,
    Hmac<D>: KeyInit + sha2::digest::common::KeySizeUser<KeySize = sha2::digest::consts::U64>,
{
    let mut block = Zeroizing::new([0; BLOCK]);
    if key.len() <= BLOCK {
        block[..key.len()].copy_from_slice(key);
    } else {
        let mut hashed = D::digest(key);
        block[..hashed.len()].copy_from_slice(&hashed);
        hashed.zeroize();
    }
    Hmac::new((&*block).into())
}

/// Joins secrets in memory of the exact size, because growth would leave copies behind.
pub(super) fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut joined = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        joined.extend_from_slice(part);
    }
    joined
}
