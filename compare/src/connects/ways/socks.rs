//! `socks` blocks, and has no deadline.

use super::super::case::Case;
use super::super::way::{Role, Way};
use crate::request::{HOST, LOGIN, PORT, USER_ID};
use socks::{Socks4Stream, Socks5Stream};
use std::net::SocketAddr;

const NAME: &str = "socks 0.3.4";

pub(super) fn ways(proxy: SocketAddr) -> Vec<Way> {
    vec![
        Way::blocking(NAME, Role::Rival, Case::NoAuth, move || Socks5Stream::connect(proxy, (HOST, PORT))),
        Way::blocking(NAME, Role::Rival, Case::Password, move || {
            Socks5Stream::connect_with_password(proxy, (HOST, PORT), LOGIN.name, LOGIN.password)
        }),
        Way::blocking(NAME, Role::Rival, Case::Socks4a, move || {
            Socks4Stream::connect(proxy, (HOST, PORT), USER_ID)
        }),
    ]
}
