//! The calls of the blocking front end that take one proxy.

use super::Blocking;
use super::block_on::block_on;
#[cfg(doc)]
use super::converse;
use crate::error::Error;
use crate::protocol::address::Name;
use crate::protocol::target::{Host, IntoTarget};
use crate::protocol::version::Version;
use crate::proxy::into_proxy::IntoProxy;
use crate::route::listener::SocksListener;
use crate::route::{self, check, lookup};
use crate::stream::SocksStream;
use std::net::{IpAddr, TcpStream};

impl<V: Version> SocksStream<TcpStream, V, Blocking> {
    #[doc = include_str!("../docs/connect.md")]
    #[doc(alias("connect_with_password", "connect_with_userid", "connect_raw"))]
    pub fn connect<'a, 'b>(proxy: impl IntoProxy<'a>, target: impl IntoTarget<'b>) -> Result<Self, Error> {
        block_on(route::connect::<Blocking, V>(proxy, target, &[]))
    }

    #[doc = include_str!("../docs/connect_with_early_data.md")]
    #[doc(alias("optimistic", "send_optimistically"))]
    pub fn connect_with_early_data<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl IntoTarget<'b>,
        early_data: &[u8],
    ) -> Result<Self, Error> {
        block_on(route::connect::<Blocking, V>(proxy, target, early_data))
    }
}

impl<V: Version> SocksListener<TcpStream, V, Blocking> {
    #[doc = include_str!("../docs/bind.md")]
    #[doc(alias("bind_with_password", "bind_with_userid", "TCPBind"))]
    pub fn bind<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        expected_peer: impl IntoTarget<'b>,
    ) -> Result<Self, Error> {
        block_on(route::bind::<Blocking, V>(proxy, expected_peer))
    }
}

#[doc = include_str!("../docs/dial.md")]
pub fn dial<'a>(proxy: impl IntoProxy<'a>) -> Result<TcpStream, Error> {
    block_on(route::dial::<Blocking>(proxy))
}

#[doc = include_str!("../docs/check.md")]
#[doc(alias("ping", "health", "is_alive"))]
pub fn check<'a>(proxy: impl IntoProxy<'a>) -> Result<(), Error> {
    block_on(check::check::<Blocking>(proxy))
}

#[doc = include_str!("../docs/resolve.md")]
#[doc(alias("dns", "tor_resolve", "tor_resolve_with_socket"))]
pub fn resolve<'a, 'b>(
    proxy: impl IntoProxy<'a>,
    name: impl TryInto<Host<'b>, Error: Into<Error>>,
) -> Result<IpAddr, Error> {
    block_on(lookup::resolve::<Blocking>(proxy, name))
}

#[doc = include_str!("../docs/resolve_ptr.md")]
#[doc(alias("dns", "tor_resolve_ptr", "tor_resolve_ptr_with_socket"))]
pub fn resolve_ptr<'a>(proxy: impl IntoProxy<'a>, ip: IpAddr) -> Result<Name, Error> {
    block_on(lookup::resolve_ptr::<Blocking>(proxy, ip))
}
