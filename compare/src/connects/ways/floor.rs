//! By hand: dials, and has the floor's handshake. It does not set `TCP_NODELAY`, and has no
//! deadline.

use super::super::case::Case;
use super::super::way::{Role, Way};
use crate::floor::{blocking, on_tokio};
use std::net::{SocketAddr, TcpStream};
use tokio::net;

const NAME: &str = "by hand";

pub(super) fn ways(proxy: SocketAddr) -> Vec<Way> {
    vec![
        Way::tokio(NAME, Role::Floor, Case::NoAuth, move || async move {
            on_tokio::socks5(net::TcpStream::connect(proxy).await?).await
        }),
        Way::tokio(NAME, Role::Floor, Case::Password, move || async move {
            on_tokio::socks5_with_password(net::TcpStream::connect(proxy).await?).await
        }),
        Way::tokio(NAME, Role::Floor, Case::Socks4a, move || async move {
            on_tokio::socks4a(net::TcpStream::connect(proxy).await?).await
        }),
        Way::blocking(NAME, Role::Floor, Case::NoAuth, move || blocking::socks5(TcpStream::connect(proxy)?)),
        Way::blocking(NAME, Role::Floor, Case::Password, move || {
            blocking::socks5_with_password(TcpStream::connect(proxy)?)
        }),
        Way::blocking(NAME, Role::Floor, Case::Socks4a, move || {
            blocking::socks4a(TcpStream::connect(proxy)?)
        }),
    ]
}
