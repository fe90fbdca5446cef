//! The client's METHODs that fit the default setup of the reference server.

use crate::reference::{Fault, Server, Setup};
use anysocks::socks5a::{self, Eaf, Factor, Jitter, Obfuscation, Psk, Tol};
use anysocks::{Auth, Credentials, Error, Proxy};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const TARGET: &str = "example.com:80";
pub(crate) const PEER: &str = "192.0.2.9:40000";

pub(crate) const PASSWORD: u8 = 0x02;
pub(crate) const EAF: u8 = 0x80;
pub(crate) const TOL: u8 = 0x81;

pub(crate) fn psk() -> Psk {
    Psk::new((0x10..0x30).collect::<Vec<u8>>()).expect("32 bytes")
}

pub(crate) fn token() -> Eaf {
    Eaf::new(psk(), Factor::token("tok-123").expect("a token"))
}

/// TOL with a key of its own.
pub(crate) fn tol(obfuscation: Obfuscation) -> Tol {
    Tol::new(obfuscation).psk(psk())
}

pub(crate) fn plain_tol() -> Auth {
    tol(Obfuscation::None).auth().expect("a key")
}

pub(crate) fn password() -> Credentials {
    Credentials::new("user", "password").expect("short ones")
}

pub(crate) fn jitter(least_ms: u64, most_ms: u64) -> Jitter {
    Jitter::uniform(Duration::from_millis(least_ms)..=Duration::from_millis(most_ms)).expect("a range")
}

/// All five, with short delays.
pub(crate) fn obfuscations() -> [Obfuscation; 5] {
    [
        Obfuscation::None,
        Obfuscation::Padding,
        Obfuscation::Jitter(jitter(1, 3)),
        Obfuscation::Masking,
        Obfuscation::Full(jitter(1, 3)),
    ]
}

pub(crate) fn proxy(addr: SocketAddr, auth: Auth) -> Proxy {
    Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth)).expect("a proxy")
}

pub(crate) fn faulty(faults: impl Into<Vec<Fault>>) -> Server {
    Server::start(Setup { faults: faults.into(), ..Setup::default() })
}

/// The error of SOCKS5a in this one.
pub(crate) fn found(error: &Error) -> &socks5a::Error {
    socks5a::Error::of(error).unwrap_or_else(|| panic!("no error of SOCKS5a: {error:?}"))
}
