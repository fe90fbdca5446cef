//! `fast-socks5` has no deadline by default. Its SOCKS4a puts the name into the user id, so it
//! is left out.

use super::super::case::Case;
use super::super::way::{Role, Way};
use crate::request::{HOST, LOGIN, PORT};
use fast_socks5::client::{Config, Socks5Stream};
use std::net::SocketAddr;

const NAME: &str = "fast-socks5 1.0.0";

pub(super) fn ways(proxy: SocketAddr) -> Vec<Way> {
    vec![
        Way::tokio(NAME, Role::Rival, Case::NoAuth, move || {
            Socks5Stream::connect(proxy, HOST.into(), PORT, Config::default())
        }),
        Way::tokio(NAME, Role::Rival, Case::Password, move || {
            let (name, password) = (LOGIN.name.into(), LOGIN.password.into());
            Socks5Stream::connect_with_password(proxy, HOST.into(), PORT, name, password, Config::default())
        }),
    ]
}
