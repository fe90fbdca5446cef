//! The target of the requests: one server by its addresses and its name.

use super::echo::Echo;
use super::not_tried::NotTried;
use crate::error::Error;
use crate::protocol::target::Target;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// One server by its addresses and its name, as far as they are known.
#[derive(Default)]
pub(super) struct Aim {
    pub(super) v4: Option<SocketAddr>,
    pub(super) v6: Option<SocketAddr>,
    pub(super) name: Option<Target<'static>>,
    /// The target is in this process.
    echo: Option<Echo>,
}

const NAME: &str = "localhost";

/// A server that any proxy with access to the internet reaches, and addresses of another one.
const ELSEWHERE: [&str; 3] = ["example.com:80", "1.1.1.1:80", "[2606:4700:4700::1111]:80"];

impl Aim {
    /// Starts servers in this process that send back all they receive.
    pub(super) fn own() -> Result<Self, io::Error> {
        let echo = Echo::start()?;
        let name = (NAME, echo.tcp.v4.port()).try_into().map_err(|error: Error| io::Error::from(error))?;
        Ok(Self { v4: Some(echo.tcp.v4), v6: echo.tcp.v6, name: Some(name), echo: Some(echo) })
    }

    pub(super) fn elsewhere() -> Result<Self, Error> {
        let [name, v4, v6] = ELSEWHERE;
        Ok(Self::at(&[name.parse()?, v4.parse()?, v6.parse()?]))
    }

    /// The first target of each kind counts.
    pub(super) fn at(targets: &[Target<'static>]) -> Self {
        let addrs = targets.iter().filter_map(|target| Some((target.ip()?, target.port()).into()));
        let addrs: Vec<SocketAddr> = addrs.collect();
        Self {
            v4: addrs.iter().copied().find(SocketAddr::is_ipv4),
            v6: addrs.iter().copied().find(SocketAddr::is_ipv6),
            name: targets.iter().find(|target| target.domain().is_some()).cloned(),
            echo: None,
        }
    }

    pub(super) const fn is_own(&self) -> bool {
        self.echo.is_some()
    }

    pub(super) fn v4(&self) -> Result<Target<'static>, NotTried> {
        self.v4.map(target).ok_or(NotTried::NoIpv4Target)
    }

    pub(super) fn v6(&self) -> Result<Target<'static>, NotTried> {
        self.v6.map(target).ok_or(NotTried::NoIpv6Target)
    }

    pub(super) fn name(&self) -> Result<Target<'static>, NotTried> {
        self.name.clone().ok_or(NotTried::NoTargetName)
    }

    /// By its name, if that is known.
    pub(super) fn any(&self) -> Result<Target<'static>, NotTried> {
        self.name().or_else(|_| self.v4()).or_else(|_| self.v6())
    }

    /// An IPv4 address for BIND, which expects a peer.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.v4.map(|addr| addr.ip())
    }

    pub(super) fn echo_v4(&self) -> Result<Target<'static>, NotTried> {
        Ok(target(self.echo()?.udp.v4))
    }

    pub(super) fn echo_v6(&self) -> Result<Target<'static>, NotTried> {
        self.echo()?.udp.v6.map(target).ok_or(NotTried::NoIpv6Here)
    }

    pub(super) fn echo_name(&self) -> Result<Target<'static>, NotTried> {
        let port = self.echo()?.udp.v4.port();
        (NAME, port).try_into().map_err(|_: Error| NotTried::NoTargetName)
    }

    fn echo(&self) -> Result<&Echo, NotTried> {
        self.echo.as_ref().ok_or(NotTried::TargetElsewhere)
    }
}

fn target(addr: SocketAddr) -> Target<'static> {
    (addr.ip(), addr.port()).into()
}
