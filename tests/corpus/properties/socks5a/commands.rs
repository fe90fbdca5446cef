//! Commands of SOCKS5a: the input is the requests of one connection, the chunks, and then the
//! proxy's replies.

use super::super::conversation::{Heard, Messages, Reason, Reference, check, granted};
use super::super::dice::Dice;
use super::super::socks5;
use super::{NEGOTIATED, refusals, sequence};
use anysocks::protocol::{Command, Established, Socks5};
use anysocks::{Auth, Host, PoolId, Stage, Target, TargetUrl, UnixName};

const KEEP_ALIVE: u8 = 4;
/// The length of a reply to it without an address: ATYP is 0.
const WITHOUT_ADDRESS: usize = 6;

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let requests: Vec<_> = (0..=dice.byte() % 4).map(|_| Request::roll(&mut dice)).collect();
    let (auth, chunks, wire) = (sequence(), dice.chunks(), dice.0);
    let mut at = 0;
    for (n, request) in requests.iter().enumerate() {
        let (earlier, wire) = wire.split_at(at);
        check(|| request.after(established(&auth, &requests[..n], earlier)), request, wire, chunks);
        let (Heard::Open { at: len, .. }, _) = request.read(wire) else { return };
        at += len;
    }
}

/// The outcome of the METHOD, and of these requests.
fn established(auth: &Auth, requests: &[Request], mut wire: &[u8]) -> Established {
    let negotiated = granted(&mut Socks5::negotiate(auth).expect("a METHOD"), &mut &*NEGOTIATED);
    requests.iter().fold(negotiated, |earlier, request| granted(&mut request.after(earlier), &mut wire))
}

struct Request {
    command: Command,
    code: u8,
    target: Target<'static>,
    /// ATYP and DST.ADDR.
    address: Vec<u8>,
}

impl Request {
    fn roll(dice: &mut Dice<'_>) -> Self {
        let (command, code) = match dice.byte() % 10 {
            0 => (Command::Connect, 1),
            1 => (Command::Bind, 2),
            2 => (Command::UdpAssociate, 3),
            3 => (Command::KeepAlive, KEEP_ALIVE),
            4 => (Command::DnsResolve, 5),
            5 => (Command::PoolNew, 6),
            6 => (Command::PoolGet, 7),
            7 => (Command::UdpAssociateExt, 8),
            8 => (Command::Resolve, 0xF0),
            _ => (Command::ResolvePtr, 0xF1),
        };
        let (target, address) = match command {
            Command::PoolGet => pool_id(dice),
            Command::DnsResolve => name(dice, 0),
            Command::Resolve | Command::ResolvePtr => standard(dice),
            _ => match dice.byte() % 6 {
                0 => unix(dice, 5, Host::Unix),
                1 => unix(dice, 6, Host::AbstractUnix),
                2 => url(dice),
                3 => name(dice, 80),
                _ => standard(dice),
            },
        };
        Self { command, code, target, address }
    }

    fn after(&self, earlier: Established) -> Socks5<'_> {
        Socks5::after(earlier, self.command, self.target.borrowed()).expect("a request")
    }

    fn request(&self) -> Vec<u8> {
        let port = self.target.port().to_be_bytes();
        match self.code {
            KEEP_ALIVE => vec![5, KEEP_ALIVE, 0, 0, 0, 0],
            code => [&[5, code, 0], &*self.address, &port].concat(),
        }
    }

    fn reply(&self, wire: &[u8]) -> Heard {
        let stage = Stage::Request;
        match *wire {
            [version, ..] if version != 5 => Heard::Failed((stage, Reason::Malformed("VER", version))),
            [_, code, ..] if code != 0 => refusals::reply(wire),
            _ if self.code == KEEP_ALIVE && wire.len() < WITHOUT_ADDRESS && !has_bad_type(wire) => {
                Heard::Wants { least: WITHOUT_ADDRESS - wire.len(), stage, received: wire.len() }
            }
            [_, _, _, 0, high, low, ..] if self.code == KEEP_ALIVE => {
                let port = u16::from_be_bytes([high, low]);
                Heard::Open { at: WITHOUT_ADDRESS, bound: format!("0.0.0.0:{port}") }
            }
            _ => match socks5::Client::reply(stage, wire) {
                Ok((at, bound)) => Heard::Open { at, bound },
                Err(heard) => heard,
            },
        }
    }
}

/// Whether ATYP has been received, and is none of a reply.
fn has_bad_type(wire: &[u8]) -> bool {
    wire.get(3).is_some_and(|atyp| ![0, 1, 3, 4].contains(atyp))
}

impl Reference for Request {
    fn read(&self, wire: &[u8]) -> (Heard, Messages) {
        (self.reply(wire), vec![self.request()])
    }
}

type Field = (Target<'static>, Vec<u8>);

/// ATYP, a length byte and these bytes.
fn short(atyp: u8, bytes: &[u8]) -> Vec<u8> {
    [&[atyp, u8::try_from(bytes.len()).expect("a short one")], bytes].concat()
}

/// Bytes of any value, at least one.
fn bytes(dice: &mut Dice<'_>) -> Vec<u8> {
    [&[dice.byte()], dice.bytes()].concat()
}

fn pool_id(dice: &mut Dice<'_>) -> Field {
    let id = bytes(dice);
    (PoolId::new(&id).expect("an ID").into(), short(3, &id))
}

fn name(dice: &mut Dice<'_>, port: u16) -> Field {
    let name = format!("{:x<1}", dice.text());
    let address = short(3, name.as_bytes());
    (Target::try_from((name, port)).expect("a name"), address)
}

fn unix(dice: &mut Dice<'_>, atyp: u8, host: fn(UnixName) -> Host<'static>) -> Field {
    let name: Vec<_> = bytes(dice).into_iter().map(|byte| byte.max(1)).collect();
    let address = short(atyp, &name);
    (Target::new(host(UnixName::new(name).expect("a name")), 0), address)
}

fn url(dice: &mut Dice<'_>) -> Field {
    let url = format!("ws://{}.test/{}", dice.text().get(..9).unwrap_or("x"), dice.text());
    let len = u16::try_from(url.len()).expect("a short URL").to_be_bytes();
    let address = [&[7, 1], &len[..], url.as_bytes()].concat();
    (TargetUrl::new(url).expect("a URL").into(), address)
}

/// An address of RFC 1928.
fn standard(dice: &mut Dice<'_>) -> Field {
    let target = dice.target();
    let request = socks5::Client::bare(1, target.clone()).request();
    (target, request[3..request.len() - 2].to_vec())
}
