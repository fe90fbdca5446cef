//! `better-socks` has no SOCKS4 and no deadline.

use super::super::case::Case;
use super::super::way::{Role, Way};
use crate::request::{LOGIN, TARGET};
use better_socks::tcp::Socks5Stream;
use std::net::SocketAddr;

const NAME: &str = "better-socks 0.1.2";

pub(super) fn ways(proxy: SocketAddr) -> Vec<Way> {
    vec![
        Way::tokio(NAME, Role::Rival, Case::NoAuth, move || Socks5Stream::connect(proxy, TARGET)),
        Way::tokio(NAME, Role::Rival, Case::Password, move || {
            Socks5Stream::connect_with_password(proxy, TARGET, LOGIN.name, LOGIN.password)
        }),
    ]
}
