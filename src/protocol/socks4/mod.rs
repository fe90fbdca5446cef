//! SOCKS4 and SOCKS4a: one request, one reply.
//!
//! ```text
//! +----+----+---------+-------+--------+------+--------+------+
//! | VN | CD | DSTPORT | DSTIP | USERID | NULL | [name] | NULL |     4a: DSTIP is 0.0.0.1
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

mod reply;
mod user_id;

pub(crate) use reply::Reader;
pub use user_id::UserId;

use crate::error::invalid::Invalid;
use crate::error::{Detail, Error, ErrorKind, Stage};
use crate::protocol::command::Command;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::protocol::progress::Progress;
use crate::protocol::reply_reader::ReplyReader;
use crate::protocol::request::Request;
use crate::protocol::target::{Host, Target};
use crate::trace;
use std::net::{IpAddr, Ipv4Addr};

/// A request to a SOCKS4 proxy, up to its first reply: CONNECT, BIND, or Tor's RESOLVE.
///
/// If the target is a name, the request is one of SOCKS4a. After BIND,
/// [`SecondReply`](crate::protocol::SecondReply) follows.
#[derive(Debug)]
pub struct Socks4<'a> {
    user_id: &'a UserId,
    command: Command,
    target: Target<'a>,
    phase: Phase,
    progress: Progress,
    reply: Reader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Request,
    Reply,
    Granted,
    Over,
}

/// Returns whether SOCKS4a marks a name with this address.
pub(crate) const fn is_mark(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [0, 0, 0, mark] if mark != 0)
}

impl<'a> Socks4<'a> {
    /// Creates a CONNECT request.
    ///
    /// # Errors
    ///
    /// - [`Invalid::Ipv6OverSocks4`]: the target is an IPv6 address.
    /// - [`Invalid::MarkOfSocks4a`]: the target is an address from 0.0.0.1 to 0.0.0.255, with
    ///   which SOCKS4a marks a name.
    /// - [`Invalid::NeedsSocks5a`]: the target is one of SOCKS5a, without a fallback.
    pub fn connect(user_id: &'a UserId, target: Target<'a>) -> Result<Self, Error> {
        Self::new(user_id, Command::Connect, target)
    }

    /// Creates a BIND request, for a connection from the expected peer.
    ///
    /// The outcome is the first reply, with the address at which the proxy listens.
    /// [`SecondReply`](crate::protocol::SecondReply) follows.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    pub fn bind(user_id: &'a UserId, expected_peer: Target<'a>) -> Result<Self, Error> {
        Self::new(user_id, Command::Bind, expected_peer)
    }

    /// Creates a request for an address of a name: Tor's RESOLVE (`F0`), by SOCKS4a.
    ///
    /// The outcome's [`bound`](Established::bound) is the answer. No tunnel follows.
    ///
    /// # Errors
    ///
    /// - Those of [`connect`](Self::connect).
    #[doc(alias = "tor")]
    #[doc(alias = "tor_resolve")]
    #[doc(alias = "dns")]
    pub fn resolve(user_id: &'a UserId, name: Host<'a>) -> Result<Self, Error> {
        Self::new(user_id, Command::Resolve, (name, 0).into())
    }

    fn new(user_id: &'a UserId, command: Command, target: Target<'a>) -> Result<Self, Error> {
        let target = target.into_standard()?;
        match target.host() {
            Host::Ip(IpAddr::V6(_)) => return Err(Invalid::Ipv6OverSocks4.into()),
            Host::Ip(IpAddr::V4(ip)) if is_mark(*ip) => return Err(Invalid::MarkOfSocks4a.into()),
            _ => {}
        }
        let reply = Reader::new(Stage::Request);
        Ok(Self { user_id, command, target, phase: Phase::Request, progress: Progress::default(), reply })
    }

    /// Creates a handshake without messages, whose outcome has an unspecified address.
    pub(crate) fn without_request(user_id: &'a UserId) -> Self {
        Self {
            user_id,
            command: Command::Connect,
            target: (Ipv4Addr::UNSPECIFIED, 0).into(),
            phase: Phase::Granted,
            progress: Progress::default(),
            reply: Reader::new(Stage::Request),
        }
    }

    fn render(&self, message: &mut Scratch) {
        let (ip, name) = match self.target.host() {
            Host::Ip(IpAddr::V4(ip)) => (ip.octets(), None),
            Host::Domain(name) => ([0, 0, 0, 1], Some(name.as_str())),
            // The constructor refuses them.
            Host::Ip(IpAddr::V6(_))
            | Host::Unix(_)
            | Host::AbstractUnix(_)
            | Host::Url(_)
            | Host::Pool(_) => return,
        };
        message.clear();
        message.put(&[4, self.command as u8]);
        message.put(&self.target.port().to_be_bytes());
        message.put(&ip);
        message.put_secret(self.user_id.as_bytes());
        message.put(&[0]);
        if let Some(name) = name {
            message.put(name.as_bytes());
            message.put(&[0]);
        }
    }

    fn try_advance(&mut self, n: usize) -> Result<(), Error> {
        let failed = |kind| Error::new(Stage::Request, kind);
        if let Phase::Granted | Phase::Over = self.phase {
            return Err(failed(ErrorKind::Over));
        }
        let left = self
            .progress
            .take_offered(n)
            .map_err(|offered| failed(ErrorKind::Overrun { reported: n, offered }))?;
        if n == 0 {
            self.progress.check_write()?;
            return Err(self.failure(ErrorKind::EndedEarly { received: self.reply.received() }));
        }
        if self.phase == Phase::Request {
            if let Some(bytes) = self.progress.sent(n, left) {
                trace::sent(Stage::Request, bytes);
                self.phase = Phase::Reply;
            }
            return Ok(());
        }
        self.reply.filled(n);
        if self.reply.is_granted()? {
            self.progress.check_write()?;
            self.phase = Phase::Granted;
        }
        Ok(())
    }
}

impl Request for Socks4<'_> {
    fn is_last_message(&self) -> bool {
        self.phase == Phase::Request
    }

    fn target(&self) -> &Target<'_> {
        &self.target
    }
}

impl Conversation for Socks4<'_> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match self.phase {
            Phase::Request => {
                self.render(scratch);
                self.progress.write(scratch.message())
            }
            Phase::Reply => self.progress.read(self.reply.room()),
            Phase::Granted => {
                self.phase = Phase::Over;
                Step::Done(self.reply.take())
            }
            Phase::Over => self.progress.read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let done = self.try_advance(n);
        if done.is_err() {
            self.phase = Phase::Over;
        }
        done
    }

    fn stage(&self) -> Stage {
        Stage::Request
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        let unanswered = self.reply.received() == 0 && matches!(self.phase, Phase::Request | Phase::Reply);
        Error::new(Stage::Request, kind).with(unanswered.then_some(Detail::Unanswered))
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match self.phase {
            Phase::Request | Phase::Reply => {
                self.progress.write_failed(error);
                self.phase = Phase::Reply;
                Ok(())
            }
            Phase::Granted | Phase::Over => Err(error),
        }
    }
}
