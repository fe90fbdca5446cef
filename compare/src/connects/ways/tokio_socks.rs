//! `tokio-socks` has no deadline.

use super::super::case::Case;
use super::super::way::{Role, Way};
use crate::request::{LOGIN, TARGET, USER_ID};
use std::net::SocketAddr;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};

const NAME: &str = "tokio-socks 0.5.3";

pub(super) fn ways(proxy: SocketAddr) -> Vec<Way> {
    vec![
        Way::tokio(NAME, Role::Rival, Case::NoAuth, move || Socks5Stream::connect(proxy, TARGET)),
        Way::tokio(NAME, Role::Rival, Case::Password, move || {
            Socks5Stream::connect_with_password(proxy, TARGET, LOGIN.name, LOGIN.password)
        }),
        Way::tokio(NAME, Role::Rival, Case::Socks4a, move || {
            Socks4Stream::connect_with_userid(proxy, TARGET, USER_ID)
        }),
    ]
}
