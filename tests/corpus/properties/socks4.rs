//! SOCKS4 and 4a: the input is the user id, the target, the chunks, and then the proxy's bytes.

use super::conversation::{Heard, Messages, Reason, Reference, check};
use super::dice::Dice;
use anysocks::protocol::Socks4;
use anysocks::{ErrorKind, Host, Invalid, Stage, Target, UserId};
use std::net::{IpAddr, SocketAddr};

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let client = Client { user_id: dice.text(), target: dice.target() };
    let chunks = dice.chunks();
    let user_id = UserId::new(&client.user_id).unwrap();
    let connect = || Socks4::connect(&user_id, client.target.borrowed());
    if client.target.ip().is_some_and(|ip| ip.is_ipv6()) {
        let error = connect().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid(Invalid::Ipv6OverSocks4)), "{error}");
    } else {
        check(|| connect().unwrap(), &client, dice.0, chunks);
    }
}

pub(crate) struct Client {
    pub(crate) user_id: String,
    pub(crate) target: Target<'static>,
}

impl Client {
    fn request(&self) -> Vec<u8> {
        let (ip, name) = match self.target.host() {
            Host::Ip(IpAddr::V4(ip)) => (ip.octets(), String::new()),
            Host::Domain(name) => ([0, 0, 0, 1], format!("{}\0", name.as_str())),
            host => unreachable!("no request carries {host}"),
        };
        let id = format!("{}\0", self.user_id);
        [&[4, 1], &self.target.port().to_be_bytes()[..], &ip, id.as_bytes(), name.as_bytes()].concat()
    }
}

impl Reference for Client {
    fn read(&self, wire: &[u8]) -> (Heard, Messages) {
        let stage = Stage::Request;
        let heard = match *wire {
            [first, ..] if first != 0 && first != 4 => Heard::Failed((stage, Reason::NotSocks(first))),
            [_, code, ..] if code != 90 => Heard::Failed((stage, Reason::Refused(code))),
            [_, _, hi, lo, a, b, c, d, ..] => {
                let bound = SocketAddr::from(([a, b, c, d], u16::from_be_bytes([hi, lo])));
                Heard::Open { at: 8, bound: bound.to_string() }
            }
            _ => Heard::Wants { least: 8 - wire.len(), stage, received: wire.len() },
        };
        (heard, vec![self.request()])
    }
}
