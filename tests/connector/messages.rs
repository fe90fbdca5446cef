//! The messages to and from a proxy, in each version.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use crate::support::script::{Line, client, proxy};
use anysocks::{Proxy, Reply, Stage, Target};
use std::net::{IpAddr, SocketAddr};

/// Where each proxy listens, as its replies have it.
pub(crate) const BOUND: &str = "192.0.2.7:12345";
pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "Zq7xW2kTn9";
pub(crate) const USER_ID: &str = "me";

/// What a proxy of a test speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Socks5,
    /// With a user name and a password.
    Password,
    /// SOCKS4a, with a user id.
    Socks4,
}

impl Speaks {
    pub(crate) const ALL: [Self; 3] = [Self::Socks5, Self::Password, Self::Socks4];

    /// A proxy of this kind.
    pub(crate) fn at(self, endpoint: impl Into<anysocks::Endpoint>) -> Proxy {
        let endpoint = endpoint.into();
        let proxy = match self {
            Self::Socks5 => Proxy::socks5(endpoint),
            Self::Password => Proxy::socks5(endpoint).and_then(|proxy| proxy.password(USER, PASSWORD)),
            Self::Socks4 => Proxy::socks4(endpoint).and_then(|proxy| proxy.user_id(USER_ID)),
        };
        proxy.expect("a proxy")
    }

    /// The messages before the request.
    pub(crate) fn greeting(self) -> Vec<Line> {
        match self {
            Self::Socks4 => vec![],
            Self::Socks5 => vec![client([5, 1, 0]), proxy(Stage::MethodSelection, [5, 0])],
            Self::Password => vec![
                client([5, 2, 0, 2]),
                proxy(Stage::MethodSelection, [5, 2]),
                client(subnegotiation(USER, PASSWORD)),
                proxy(Stage::Authentication, [1, 0]),
            ],
        }
    }

    pub(crate) fn request(self, command: u8, target: &str) -> Vec<u8> {
        match self {
            Self::Socks4 => request4(command, USER_ID, target),
            Self::Socks5 | Self::Password => [&[5, command, 0][..], &field(target)].concat(),
        }
    }

    /// A reply that grants the request.
    pub(crate) fn granted(self, bound: &str) -> Vec<u8> {
        let addr: SocketAddr = bound.parse().expect("an address");
        match (self, addr.ip()) {
            (Self::Socks4, IpAddr::V4(ip)) => {
                [&[0, 90], &addr.port().to_be_bytes()[..], &ip.octets()].concat()
            }
            _ => [&[5, 0, 0][..], &field(bound)].concat(),
        }
    }

    /// A reply that refuses it.
    pub(crate) fn refused(self) -> Vec<u8> {
        match self {
            Self::Socks4 => vec![0, 91, 0, 0, 0, 0, 0, 0],
            Self::Socks5 | Self::Password => vec![5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
        }
    }

    /// The content of that reply.
    pub(crate) const fn refusal(self) -> Reply {
        match self {
            Self::Socks4 => Reply::REJECTED,
            Self::Socks5 | Self::Password => Reply::HOST_UNREACHABLE,
        }
    }

    /// All of it, up to this reply.
    pub(crate) fn lines(self, command: u8, target: &str, reply: Vec<u8>) -> Vec<Line> {
        let request = [client(self.request(command, target)), proxy(Stage::Request, reply)];
        [self.greeting(), request.to_vec()].concat()
    }

    /// A CONNECT that is granted.
    pub(crate) fn connection(self, target: &str) -> Vec<Line> {
        self.lines(1, target, self.granted(BOUND))
    }
}

/// RFC 1929 §2.
pub(crate) fn subnegotiation(user: &str, password: &str) -> Vec<u8> {
    [&[1, len(user)], user.as_bytes(), &[len(password)], password.as_bytes()].concat()
}

fn len(text: &str) -> u8 {
    text.len().try_into().expect("a text that fits")
}

/// ATYP, address and port (RFC 1928 §5).
pub(crate) fn field(target: &str) -> Vec<u8> {
    let (host, port) = split(target);
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(ip)) => [&[1][..], &ip.octets(), &port].concat(),
        Ok(IpAddr::V6(ip)) => [&[4][..], &ip.octets(), &port].concat(),
        Err(_) => [&[3, len(host)], host.as_bytes(), &port].concat(),
    }
}

/// SOCKS4, or SOCKS4a for a name.
pub(crate) fn request4(command: u8, user_id: &str, target: &str) -> Vec<u8> {
    let (host, port) = split(target);
    let (ip, name) = match host.parse::<std::net::Ipv4Addr>() {
        Ok(ip) => (ip.octets(), String::new()),
        Err(_) => ([0, 0, 0, 1], format!("{host}\0")),
    };
    [&[4, command], &port[..], &ip, user_id.as_bytes(), &[0], name.as_bytes()].concat()
}

fn split(target: &str) -> (&str, [u8; 2]) {
    let (host, port) = target.rsplit_once(':').expect("a host and a port");
    (host, port.parse::<u16>().expect("a port").to_be_bytes())
}

/// All bytes of the proxies in one piece, and then those that they receive.
pub(crate) fn glued(lines: &[Line], application: &[u8]) -> Vec<Line> {
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    for line in lines {
        match line {
            Line::Client(bytes) => heard.extend(bytes),
            Line::Proxy(_, bytes) => said.extend(bytes),
        }
    }
    said.extend(application);
    vec![proxy(Stage::Request, said), client(heard)]
}

/// A target's text, checked.
pub(crate) fn target(text: &str) -> Target<'_> {
    text.try_into().expect("a target")
}
