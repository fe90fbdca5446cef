//! The targets of the requests to the proxies of a chain.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::target::Target;
use crate::protocol::version::sealed::Sealed as _;
use crate::proxy::{Endpoint, Proxy};
use std::net::SocketAddr;
use std::vec;

/// The target of the request to one proxy.
pub(super) struct HopTarget<'a> {
    pub(super) target: Target<'a>,
    /// The addresses to try next: of a name that this machine has resolved, or of a proxy with
    /// several.
    pub(super) alternatives: vec::IntoIter<Target<'static>>,
}

/// Returns the addresses of a proxy as targets of the one before it, which speaks this protocol.
///
/// Of several addresses, those that the protocol can't carry are left out.
pub(super) fn hop_target<'p>(protocol: &SocksProtocol, proxy: &'p Proxy) -> Result<HopTarget<'p>, Error> {
    let target = match proxy.endpoint() {
        Endpoint::Addr(addr) => addr.try_into()?,
        Endpoint::Addrs(addrs) => return first_carried(protocol, addrs),
        Endpoint::Name(name, port) => (name.borrowed(), *port).into(),
        Endpoint::Unix(_) => return Err(Invalid::UnixBehindAProxy.into()),
    };
    check_carried(protocol, &target)?;
    Ok(HopTarget { target, alternatives: Vec::new().into_iter() })
}

fn first_carried(protocol: &SocksProtocol, addrs: &[SocketAddr]) -> Result<HopTarget<'static>, Error> {
    let mut failed = Invalid::NoAddress.into();
    let mut carried = Vec::with_capacity(addrs.len());
    for addr in addrs {
        let target = Target::try_from(*addr);
        match target.and_then(|target| check_carried(protocol, &target).map(|()| target)) {
            Ok(target) => carried.push(target),
            Err(error) => failed = error,
        }
    }
    let mut carried = carried.into_iter();
    let target = carried.next().ok_or(failed)?;
    Ok(HopTarget { target, alternatives: carried })
}

fn check_carried(protocol: &SocksProtocol, target: &Target<'_>) -> Result<(), Error> {
    AnyVersion::request(protocol, Command::Connect, target.borrowed()).map(drop)
}
