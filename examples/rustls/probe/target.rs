//! The target that the proxy is asked for.

use crate::answer::NotTried;
use anysocks::{Error, Target};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::{error, fmt, io, thread};

/// One target by its addresses and its name, as far as they are known.
#[derive(Clone, Default)]
pub(crate) struct Aim {
    v4: Option<SocketAddr>,
    v6: Option<SocketAddr>,
    name: Option<Target<'static>>,
    /// The target is in this process and sends back all it receives.
    echo: Option<Echo>,
}

/// Where datagrams are sent back.
#[derive(Clone, Copy)]
struct Echo {
    v4: SocketAddr,
    v6: Option<SocketAddr>,
}

const NAME: &str = "localhost";

/// Servers that any proxy with access to the internet reaches.
const ELSEWHERE: [&str; 3] = ["example.com:80", "1.1.1.1:80", "[2606:4700:4700::1111]:80"];

impl Aim {
    /// Starts servers in this process that send back all they receive.
    pub(crate) fn own() -> io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = v4.local_addr()?;
        // At the same port, since the proxy may resolve the name to either.
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, addr.port())).ok();
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = udp.local_addr()?.port();
        let udp_v6 = UdpSocket::bind((Ipv6Addr::LOCALHOST, port)).ok();
        let aim = Self {
            v4: Some(addr),
            v6: v6.as_ref().and_then(|v6| v6.local_addr().ok()),
            name: Some((NAME, addr.port()).try_into().map_err(|error: Error| io::Error::from(error))?),
            echo: Some(Echo {
                v4: udp.local_addr()?,
                v6: udp_v6.as_ref().and_then(|v6| v6.local_addr().ok()),
            }),
        };
        for listener in [Some(v4), v6].into_iter().flatten() {
            thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    thread::spawn(move || io::copy(&mut &client, &mut &client));
                }
            });
        }
        for socket in [Some(udp), udp_v6].into_iter().flatten() {
            thread::spawn(move || send_back(&socket));
        }
        Ok(aim)
    }

    pub(crate) fn elsewhere() -> Result<Self, Error> {
        let [name, v4, v6] = ELSEWHERE;
        Ok(Self::at(&[name.parse()?, v4.parse()?, v6.parse()?]))
    }

    /// The first target of each kind counts.
    pub(crate) fn at(targets: &[Target<'static>]) -> Self {
        let addrs = targets.iter().filter_map(|target| Some((target.ip()?, target.port()).into()));
        let addrs: Vec<SocketAddr> = addrs.collect();
        Self {
            v4: addrs.iter().copied().find(SocketAddr::is_ipv4),
            v6: addrs.iter().copied().find(SocketAddr::is_ipv6),
            name: targets.iter().find(|target| target.domain().is_some()).cloned(),
            echo: None,
        }
    }

    /// Whether the target is in this process.
    pub(crate) const fn is_own(&self) -> bool {
        self.echo.is_some()
    }

    /// The addresses of a target elsewhere, as far as they are known.
    pub(crate) fn addresses(&self) -> Option<String> {
        let known = [self.v4, self.v6].into_iter().flatten().map(|addr| addr.to_string());
        let known: Vec<_> = known.filter(|_| !self.is_own()).collect();
        (!known.is_empty()).then(|| known.join(", "))
    }

    pub(crate) fn v4(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        Ok(self
            .v4
            .ok_or(NotTried("no IPv4 address of the target is known: add it with --target"))?
            .try_into()?)
    }

    pub(crate) fn v6(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        Ok(self
            .v6
            .ok_or(NotTried("no IPv6 address of the target is known: add it with --target"))?
            .try_into()?)
    }

    pub(crate) fn name(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        Ok(self.name.clone().ok_or(NotTried("no name of the target is known: add it with --target"))?)
    }

    /// By its name, if that is known.
    pub(crate) fn any(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        self.name().or_else(|_| self.v4()).or_else(|_| self.v6())
    }

    pub(crate) fn echo_v4(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        Ok(self.echo()?.v4.try_into()?)
    }

    pub(crate) fn echo_v6(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        Ok(self.echo()?.v6.ok_or(NotTried("this machine has no IPv6"))?.try_into()?)
    }

    pub(crate) fn echo_name(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        Ok((NAME, self.echo()?.v4.port()).try_into()?)
    }

    fn echo(&self) -> Result<Echo, NotTried> {
        self.echo.ok_or(NotTried("datagrams need a target in this process"))
    }
}

fn send_back(socket: &UdpSocket) {
    let mut buf = [0; 2048];
    while let Ok((len, from)) = socket.recv_from(&mut buf) {
        // The question that waits for this datagram fails in time.
        let _ = socket.send_to(&buf[..len], from);
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.echo, self.any()) {
            (None, Ok(target)) => target.fmt(f),
            _ => f.write_str("a server in this process"),
        }
    }
}
