//! What the proxy is asked for.

use anysocks::{Error, Target};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::{error, fmt, io, thread};

/// The same target by its addresses and its name, as far as it has them.
pub(crate) struct Aim {
    v4: Option<SocketAddr>,
    v6: Option<SocketAddr>,
    name: Option<Target<'static>>,
    /// Where datagrams come back. There is such a place if the target is in this process, and then TCP sends back too.
    echo: Option<SocketAddr>,
}

/// Why a question was not asked.
#[derive(Debug)]
pub(crate) struct NotTried(pub(crate) &'static str);

impl Aim {
    /// Starts servers in this process that send back what they are sent.
    pub(crate) fn own() -> io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = v4.local_addr()?;
        // At the same port, since the proxy may take the name for either.
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, addr.port())).ok();
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let aim = Self {
            v4: Some(addr),
            v6: v6.as_ref().and_then(|v6| v6.local_addr().ok()),
            name: Some(("localhost", addr.port()).try_into().map_err(|error: Error| io::Error::from(error))?),
            echo: Some(udp.local_addr()?),
        };
        for listener in [Some(v4), v6].into_iter().flatten() {
            thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    thread::spawn(move || io::copy(&mut &client, &mut &client));
                }
            });
        }
        thread::spawn(move || {
            let mut buf = [0; 2048];
            while let Ok((len, from)) = udp.recv_from(&mut buf) {
                // Who wants it misses it, and says so.
                let _ = udp.send_to(&buf[..len], from);
            }
        });
        Ok(aim)
    }

    /// Some server elsewhere.
    pub(crate) fn at(target: &Target<'static>) -> Self {
        let addrs: Vec<SocketAddr> = match target.domain() {
            Some(name) => (name, target.port()).to_socket_addrs().into_iter().flatten().collect(),
            None => target.ip().map(|ip| (ip, target.port()).into()).into_iter().collect(),
        };
        let of = |family: fn(&SocketAddr) -> bool| addrs.iter().copied().find(family);
        let name = target.domain().map(|_| target.clone());
        Self { v4: of(SocketAddr::is_ipv4), v6: of(SocketAddr::is_ipv6), name, echo: None }
    }

    pub(crate) fn v4(&self) -> Result<SocketAddr, NotTried> {
        self.v4.ok_or(NotTried("this machine knows no IPv4 address of the target"))
    }

    pub(crate) fn v6(&self) -> Result<SocketAddr, NotTried> {
        self.v6.ok_or(NotTried("this machine knows no IPv6 address of the target"))
    }

    pub(crate) fn name(&self) -> Result<&Target<'static>, NotTried> {
        self.name.as_ref().ok_or(NotTried("the target has no name"))
    }

    pub(crate) fn echo(&self) -> Result<SocketAddr, NotTried> {
        self.echo.ok_or(NotTried("only with a target in this process"))
    }

    /// By its name, if it has one.
    pub(crate) fn any(&self) -> Result<Target<'static>, Box<dyn error::Error>> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => Ok(self.v4().or(self.v6())?.try_into()?),
        }
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

impl fmt::Display for NotTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for NotTried {}
