//! What converts to a target: text, hosts with ports, and the addresses of the standard library.

use super::syntax::split_port;
use super::{Domain, Host, PoolId, Target, TargetUrl};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::error::pasted::Expected;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::str::FromStr;

impl<'a> TryFrom<&'a str> for Target<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        let text = text.trim();
        let target = split_port(text).map_err(Error::from).and_then(|split| match split {
            (host, Some(port)) => (host, port).try_into(),
            (_, None) => Err(Invalid::PortMissing.into()),
        });
        target.map_err(|error| error.explained(text, Expected::Target))
    }
}

impl<'a> TryFrom<&'a String> for Target<'a> {
    type Error = Error;

    fn try_from(text: &'a String) -> Result<Self, Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<String> for Target<'_> {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for Target<'_> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(Target::try_from(text)?.into_owned())
    }
}

impl<'a> TryFrom<(&'a str, u16)> for Target<'a> {
    type Error = Error;

    fn try_from((host, port): (&'a str, u16)) -> Result<Self, Error> {
        Ok(Self::new(host.try_into()?, port))
    }
}

impl TryFrom<(String, u16)> for Target<'_> {
    type Error = Error;

    fn try_from((host, port): (String, u16)) -> Result<Self, Error> {
        Ok(Self::new(host.try_into()?, port))
    }
}

impl<'a> TryFrom<(&'a String, u16)> for Target<'a> {
    type Error = Error;

    fn try_from((host, port): (&'a String, u16)) -> Result<Self, Error> {
        (host.as_str(), port).try_into()
    }
}

impl<'a> From<(Host<'a>, u16)> for Target<'a> {
    fn from((host, port): (Host<'a>, u16)) -> Self {
        Self::new(host, port)
    }
}

impl<'a> From<(Domain<'a>, u16)> for Target<'a> {
    fn from((name, port): (Domain<'a>, u16)) -> Self {
        Self::new(Host::Domain(name), port)
    }
}

impl From<TargetUrl> for Target<'_> {
    fn from(url: TargetUrl) -> Self {
        let port = url.port();
        Self::new(Host::Url(url), port)
    }
}

impl From<PoolId> for Target<'_> {
    fn from(id: PoolId) -> Self {
        Self::new(Host::Pool(id), 0)
    }
}

impl From<(IpAddr, u16)> for Target<'_> {
    fn from((ip, port): (IpAddr, u16)) -> Self {
        Self::new(Host::Ip(ip), port)
    }
}

impl From<(Ipv4Addr, u16)> for Target<'_> {
    fn from((ip, port): (Ipv4Addr, u16)) -> Self {
        (IpAddr::V4(ip), port).into()
    }
}

impl From<(Ipv6Addr, u16)> for Target<'_> {
    fn from((ip, port): (Ipv6Addr, u16)) -> Self {
        (IpAddr::V6(ip), port).into()
    }
}

impl From<SocketAddrV4> for Target<'_> {
    fn from(addr: SocketAddrV4) -> Self {
        (*addr.ip(), addr.port()).into()
    }
}

impl TryFrom<SocketAddrV6> for Target<'_> {
    type Error = Error;

    fn try_from(addr: SocketAddrV6) -> Result<Self, Error> {
        match addr.scope_id() {
            0 => Ok((*addr.ip(), addr.port()).into()),
            _ => Err(Invalid::Zone.into()),
        }
    }
}

impl TryFrom<&SocketAddr> for Target<'_> {
    type Error = Error;

    fn try_from(addr: &SocketAddr) -> Result<Self, Error> {
        (*addr).try_into()
    }
}

impl TryFrom<SocketAddr> for Target<'_> {
    type Error = Error;

    fn try_from(addr: SocketAddr) -> Result<Self, Error> {
        match addr {
            SocketAddr::V4(addr) => Ok(addr.into()),
            SocketAddr::V6(addr) => addr.try_into(),
        }
    }
}

impl<'a> From<&'a Target<'_>> for Target<'a> {
    fn from(target: &'a Target<'_>) -> Self {
        target.borrowed()
    }
}
