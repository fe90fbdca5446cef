//! SOCKS5: the input is the offer of the client, the target, the chunks, and then the proxy's
//! bytes.

pub(crate) use super::conversation::Heard;
use super::conversation::{Messages, Reason, Reference, check};
use super::dice::Dice;
use anysocks::protocol::{Conversation, Method, Negotiated, Scratch, Socks5, Step};
use anysocks::{Auth, Credentials, Error, Host, Stage, Target};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// VER, REP, RSV, ATYP, no name, and the port.
const LEAST_REPLY: usize = 7;
/// The METHOD of this test, which allows several requests.
pub(crate) const OWN: u8 = 0x80;
const CONNECT: u8 = 1;

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let client = Client::from(&mut dice);
    let chunks = dice.chunks();
    let auth = client.auth();
    check(|| Socks5::connect(&auth, client.target.borrowed()).unwrap(), &client, dice.0, chunks);
}

/// The offer and the request of the client. The credentials are those of METHOD 02.
pub(crate) struct Client {
    offers: &'static [u8],
    pipelined: bool,
    user: String,
    password: String,
    pub(crate) command: u8,
    pub(crate) target: Target<'static>,
}

impl Client {
    pub(crate) fn from(dice: &mut Dice<'_>) -> Self {
        let (offers, pipelined): (&[u8], _) = match dice.byte() % 7 {
            0 => (&[0], false),
            1 => (&[0, 2], false),
            2 => (&[2], false),
            3 => (&[0], true),
            4 => (&[2], true),
            5 => (&[OWN], false),
            _ => (&[OWN, 0, 2], false),
        };
        let (user, password) = (dice.text(), dice.text());
        Self { offers, pipelined, user, password, command: CONNECT, target: dice.target() }
    }

    /// One without METHODs.
    pub(crate) fn bare(command: u8, target: Target<'static>) -> Self {
        Self { command, target, ..Self::from(&mut Dice(&[])) }
    }

    fn credentials(&self) -> Credentials {
        match &*self.user {
            "" => Credentials::without_user(&self.password),
            user => Credentials::new(user, &self.password),
        }
        .unwrap()
    }

    /// Whether a METHOD of this test is offered.
    pub(crate) fn offers_own(&self) -> bool {
        self.offers.contains(&OWN)
    }

    pub(crate) fn auth(&self) -> Auth {
        let own = || Auth::method(OWN, |_| Ok(Box::new(Announced::default()))).unwrap();
        let auth = match self.offers {
            [0] => Auth::none(),
            [0, 2] => Auth::password(self.credentials()),
            [2] => Auth::password_only(self.credentials()),
            [OWN] => own(),
            _ => own().or(Auth::password(self.credentials())).unwrap(),
        };
        auth.pipelined(self.pipelined)
    }

    fn greeting(&self) -> Vec<u8> {
        [&[5, u8::try_from(self.offers.len()).unwrap()], self.offers].concat()
    }

    fn sub_negotiation(&self) -> Vec<u8> {
        let [user, password] = [&self.user, &self.password].map(String::as_bytes);
        let length = |text: &[u8]| [u8::try_from(text.len()).unwrap()];
        [&[1], &length(user)[..], user, &length(password), password].concat()
    }

    pub(crate) fn request(&self) -> Vec<u8> {
        let address = match self.target.host() {
            Host::Ip(IpAddr::V4(ip)) => [&[1], &ip.octets()[..]].concat(),
            Host::Ip(IpAddr::V6(ip)) => [&[4], &ip.octets()[..]].concat(),
            Host::Domain(name) => {
                let name = name.as_str().as_bytes();
                [&[3, u8::try_from(name.len()).unwrap()], name].concat()
            }
            host => unreachable!("no request carries {host}"),
        };
        [&[5, self.command, 0], &address[..], &self.target.port().to_be_bytes()].concat()
    }

    /// Whether the proxy may leave the selection out, as Tor does, and begin with the STATUS.
    fn may_skip_selection(&self) -> bool {
        self.pipelined && self.offers == [2]
    }

    /// The least that follows a selection of this METHOD.
    fn least_after(method: u8) -> usize {
        match method {
            0 => LEAST_REPLY,
            2 => 2 + LEAST_REPLY,
            _ => 1 + LEAST_REPLY,
        }
    }

    fn selection<'w>(&self, wire: &'w [u8]) -> Result<(u8, &'w [u8]), Heard> {
        let stage = Stage::MethodSelection;
        let after = self.offers.iter().map(|&code| Self::least_after(code)).min().unwrap();
        match *wire {
            [] if self.may_skip_selection() => Err(Heard::Wants { least: after, stage, received: 0 }),
            [] => Err(Heard::Wants { least: 2 + after, stage, received: 0 }),
            [1, ..] if self.may_skip_selection() => Ok((2, wire)),
            [5] => Err(Heard::Wants { least: 1 + after, stage, received: 1 }),
            [5, 0xFF, ..] => Err(Heard::Failed((stage, Reason::MethodsRefused))),
            [5, code, ref rest @ ..] if self.offers.contains(&code) => Ok((code, rest)),
            [5, code, ..] => Err(Heard::Failed((stage, Reason::MethodNotOffered(code)))),
            [first, ..] => Err(Heard::Failed((stage, Reason::NotSocks(first)))),
        }
    }

    fn authentication(method: u8, wire: &[u8]) -> Result<&[u8], Heard> {
        let stage = Stage::Authentication;
        let wants = |missing, received| Heard::Wants { least: missing + LEAST_REPLY, stage, received };
        match (method, wire) {
            (0, _) => Ok(wire),
            (2, []) => Err(wants(2, 0)),
            (2, [1 | 5]) => Err(wants(1, 1)),
            (2, [1 | 5, 0, rest @ ..]) => Ok(rest),
            (2, [1 | 5, status, ..]) => Err(Heard::Failed((stage, Reason::PasswordRefused(*status)))),
            (2, [version, ..]) => Err(Heard::Failed((stage, Reason::Malformed("VER", *version)))),
            (_, []) => Err(wants(1, 0)),
            // The crate does not know the length of a custom METHOD's message, and counts none of
            // its bytes.
            (_, [len, rest @ ..]) => {
                rest.get(usize::from(*len)..).ok_or_else(|| wants(usize::from(*len) - rest.len(), 0))
            }
        }
    }

    pub(crate) fn reply(stage: Stage, wire: &[u8]) -> Result<(usize, String), Heard> {
        let len = match *wire {
            [version, ..] if version != 5 => {
                return Err(Heard::Failed((stage, Reason::Malformed("VER", version))));
            }
            [_, code, ..] if code != 0 => return Err(Heard::Failed((stage, Reason::Refused(code)))),
            [_, _, _, 1, ..] => 10,
            [_, _, _, 4, ..] => 22,
            [_, _, _, 3, name_len, ..] => LEAST_REPLY + usize::from(name_len),
            [_, _, _, atyp, ..] if atyp != 3 => {
                return Err(Heard::Failed((stage, Reason::Malformed("ATYP", atyp))));
            }
            _ => LEAST_REPLY,
        };
        let Some(reply) = wire.get(..len) else {
            return Err(Heard::Wants { least: len - wire.len(), stage, received: wire.len() });
        };
        let port = u16::from_be_bytes([reply[len - 2], reply[len - 1]]);
        let bound = match reply[3] {
            1 => SocketAddr::from((<[u8; 4]>::try_from(&reply[4..8]).unwrap(), port)).to_string(),
            4 => {
                let ip = Ipv6Addr::from(<[u8; 16]>::try_from(&reply[4..20]).unwrap());
                SocketAddr::from((ip, port)).to_string()
            }
            _ => format!("{}:{port}", reply[5..len - 2].escape_ascii()),
        };
        Ok((len, bound))
    }

    fn follow(&self, wire: &[u8], said: &mut Messages) -> Result<Heard, Heard> {
        let is_asked = self.offers == [2];
        if self.pipelined {
            let password = if is_asked { self.sub_negotiation() } else { Vec::new() };
            said.push([self.greeting(), password, self.request()].concat());
        } else {
            said.push(self.greeting());
        }
        let (method, rest) = self.selection(wire)?;
        if method == 2 && !self.pipelined {
            said.push(self.sub_negotiation());
        }
        let rest = Self::authentication(method, rest)?;
        if !self.pipelined {
            said.push(self.request());
        }
        let (len, bound) = Self::reply(Stage::Request, rest)?;
        Ok(Heard::Open { at: wire.len() - rest.len() + len, bound })
    }
}

impl Reference for Client {
    fn read(&self, wire: &[u8]) -> (Heard, Messages) {
        let mut said = Vec::new();
        let heard = self.follow(wire, &mut said).unwrap_or_else(|heard| heard);
        (heard, said)
    }
}

/// The second reply of BIND.
pub(crate) struct Second;

impl Reference for Second {
    fn read(&self, wire: &[u8]) -> (Heard, Messages) {
        let heard = match Client::reply(Stage::SecondReply, wire) {
            Ok((at, bound)) => Heard::Open { at, bound },
            Err(heard) => heard,
        };
        (heard, Vec::new())
    }
}

/// A METHOD in which the proxy speaks first: a length, and so many bytes.
struct Announced {
    buf: [u8; 255],
    missing: Option<usize>,
}

impl Default for Announced {
    fn default() -> Self {
        Self { buf: [0; 255], missing: None }
    }
}

impl Conversation for Announced {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Self::Outcome> {
        match self.missing {
            Some(0) => Step::Done(Negotiated::nothing().several_requests()),
            missing => Step::Read(&mut self.buf[..missing.unwrap_or(1)]),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        self.missing = match self.missing {
            None if n == 0 => None,
            None => Some(self.buf[0].into()),
            Some(missing) => Some(missing - n),
        };
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Announced {
    fn name(&self) -> &'static str {
        "a METHOD of the fuzzer"
    }
}
