//! SOCKS4 and SOCKS4a: one request, one reply.
//!
//! ```text
//! +----+----+---------+-------+--------+------+--------+------+
//! | VN | CD | DSTPORT | DSTIP | USERID | NULL | [name] | NULL |     4a: DSTIP is 0.0.0.1, the name follows
//! +----+----+---------+-------+--------+------+--------+------+
//! | VN | CD | DSTPORT | DSTIP |                                     reply: VN 0, CD 90 = granted
//! +----+----+---------+-------+
//! ```
//!
//! A whole exchange, for `example.com:80` and the user id `me`:
//!
//! ```text
//! client: 04 01 00 50 00 00 00 01 'm' 'e' 00 'e' 'x' 'a' 'm' 'p' 'l' 'e' '.' 'c' 'o' 'm' 00
//! proxy:  00 5A 00 50 C0 00 02 07
//! ```

use crate::address::Address;
use crate::conversation::{Conversation, Scratch, Step};
use crate::error::{Error, ErrorKind, Stage};
use crate::established::Established;
use crate::invalid::Invalid;
use crate::reply::Reply;
use crate::target::{Host, Target};
use crate::trace;
use crate::turn::Turn;
use crate::wire;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use zeroize::Zeroizing;

const REPLY: usize = 8;

/// The user id of a SOCKS4 request: 0 to 255 bytes without a NUL. Proxies that check it ask the client's identd.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserId(Zeroizing<Vec<u8>>);

impl UserId {
    /// No user id: what most proxies expect.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A user id.
    ///
    /// # Errors
    ///
    /// It holds a NUL, or is longer than 255 bytes.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        let id = id.as_ref();
        if id.contains(&0) {
            return Err(Invalid::UserIdNul.into());
        }
        if id.len() > 255 {
            return Err(Invalid::UserIdTooLong(id.len()).into());
        }
        Ok(Self(Zeroizing::new(id.to_vec())))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// A SOCKS4 CONNECT, from the request to its reply; SOCKS4a where the target is a name.
#[derive(Debug)]
pub struct Socks4<'a> {
    user_id: &'a UserId,
    target: Target<'a>,
    phase: Phase,
    turn: Turn,
    reply: [u8; REPLY],
    heard: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Request,
    Reply,
    Granted,
    Over,
}

/// Whether SOCKS4a takes this address for the mark of a name that follows.
pub(crate) const fn is_mark(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [0, 0, 0, mark] if mark != 0)
}

impl<'a> Socks4<'a> {
    /// Asks for a connection to the target.
    ///
    /// # Errors
    ///
    /// The target is an IPv6 address, which SOCKS4 can't carry, or one from 0.0.0.1 to 0.0.0.255, by which SOCKS4a marks a name.
    pub fn connect(user_id: &'a UserId, target: Target<'a>) -> Result<Self, Error> {
        match target.host() {
            Host::Ip(IpAddr::V6(_)) => return Err(Invalid::Ipv6OverSocks4.into()),
            Host::Ip(IpAddr::V4(ip)) if is_mark(*ip) => return Err(Invalid::MarkOfSocks4a.into()),
            _ => {}
        }
        Ok(Self {
            user_id,
            target,
            phase: Phase::Request,
            turn: Turn::default(),
            reply: [0; REPLY],
            heard: 0,
        })
    }

    fn render(&self, message: &mut Scratch) {
        let (ip, name) = match self.target.host() {
            Host::Ip(IpAddr::V4(ip)) => (ip.octets(), None),
            Host::Domain(name) => ([0, 0, 0, 1], Some(name.as_str())),
            // Refused by the constructor.
            Host::Ip(IpAddr::V6(_)) => return,
        };
        message.clear();
        message.put(&[4, 1]);
        message.put(&self.target.port().to_be_bytes());
        message.put(&ip);
        message.put_secret(self.user_id.as_bytes());
        message.put(&[0]);
        if let Some(name) = name {
            message.put(name.as_bytes());
            message.put(&[0]);
        }
    }

    /// Understands what has come of the reply: a refusal as soon as its code is there.
    fn hear(&mut self) -> Result<(), Error> {
        match self.reply[0] {
            // VN is 0 in the protocol's text, and 4 in a few servers.
            0 | 4 => {}
            first => return Err(Error::new(Stage::Request, ErrorKind::NotSocks { first })),
        }
        let code = Reply(self.reply[1]);
        if self.heard >= 2 && code != Reply::GRANTED {
            return Err(Error::new(Stage::Request, ErrorKind::Refused(code)));
        }
        if self.heard == REPLY {
            trace::heard(Stage::Request, REPLY);
            self.phase = Phase::Granted;
        }
        Ok(())
    }

    fn moved(&mut self, n: usize) -> Result<(), Error> {
        let failed = |kind| Error::new(Stage::Request, kind);
        if let Phase::Granted | Phase::Over = self.phase {
            return Err(failed(ErrorKind::Over));
        }
        let left =
            self.turn.moved(n).map_err(|offered| failed(ErrorKind::Overrun { reported: n, offered }))?;
        if n == 0 {
            return Err(failed(ErrorKind::EndedEarly { received: self.heard }));
        }
        if self.phase == Phase::Request {
            if let Some(bytes) = self.turn.sent(n, left) {
                trace::sent(Stage::Request, bytes);
                self.phase = Phase::Reply;
            }
            return Ok(());
        }
        self.heard += n;
        self.hear()
    }

    fn bound(&self) -> Address {
        let [_, _, hi, lo, a, b, c, d] = self.reply;
        Address::Ip(wire::socket_addr_v4([a, b, c, d, hi, lo]))
    }
}

impl Conversation for Socks4<'_> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match self.phase {
            Phase::Request => {
                self.render(scratch);
                self.turn.write(scratch.message())
            }
            Phase::Reply => self.turn.read(&mut self.reply[self.heard..]),
            Phase::Granted => {
                self.phase = Phase::Over;
                Step::Done(Established { bound: self.bound(), frames: None })
            }
            Phase::Over => self.turn.read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let done = self.moved(n);
        if done.is_err() {
            self.phase = Phase::Over;
        }
        done
    }

    fn stage(&self) -> Stage {
        Stage::Request
    }
}
