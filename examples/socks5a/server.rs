//! The proxy: the reference server of the tests.

use crate::reference::{Eaf, Obfuscation, Server, Setup};
use std::net::Ipv4Addr;

/// Starts a proxy with this pre-shared key, which resolves this name.
pub(crate) fn start(psk: &[u8], name: &str) -> Server {
    Server::start(Setup {
        sequence: vec![0x80, 0x81, 0x02, 0x00],
        eaf: Eaf { psk: psk.into(), parameters: Some(b"region=eu".into()), ..Eaf::default() },
        tol: Obfuscation { psk: psk.into(), ..Obfuscation::default() },
        names: vec![(name.into(), Ipv4Addr::new(192, 0, 2, 7).into())],
        ..Setup::default()
    })
}
