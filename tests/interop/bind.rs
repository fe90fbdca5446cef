//! The cases of BIND, each for every server and dialling front end.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anysocks::{Error, ErrorKind, Stage, Target};

use crate::capabilities::{Capabilities, Failure, Outcome, Place};
use crate::cases::{echoed, greeted, pattern};
use crate::destinations::greet;
use crate::expectation::check_failure;
use crate::fronts::Front;
use crate::listening::Listening;
use crate::setting::Setting;
use crate::tunnel::DEADLINE;

/// The time after which no peer has connected yet.
const IMPATIENCE: Duration = Duration::from_millis(50);

/// The proxy's reply if another peer has connected.
const NOT_ALLOWED: Failure = Failure::Reply(2);

/// The client's request, and the events after it.
pub(crate) struct BindCase {
    pub(crate) name: &'static str,
    version: Version,
    /// The peer that the client announces. The peer connects from the address of the same family
    /// that the proxy has bound.
    expected_peer: &'static str,
    expected: fn(&Capabilities) -> Outcome,
    act: Act,
    needs: fn(&Capabilities) -> bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V4,
    V5,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The peer connects, and the client accepts it.
    Accept,
    /// The client cancels `accept`, the peer connects, and the client accepts it.
    AcceptAgain,
    /// The peer that connects is not the one that was announced.
    Stranger,
}

const V5: BindCase = BindCase {
    name: "bind",
    version: Version::V5,
    expected_peer: "127.0.0.1",
    expected: |server| server.bind,
    act: Act::Accept,
    needs: |_| true,
};

/// For the steps after a grant.
const GRANTED: BindCase = BindCase { needs: |server| server.bind.is_ok(), ..V5 };

const V4: BindCase =
    BindCase { name: "bind_socks4", version: Version::V4, expected: |server| server.bind_socks4, ..V5 };

pub(crate) const CASES: [BindCase; 7] = [
    V5,
    BindCase { name: "bind_v6", expected_peer: "::1", ..GRANTED },
    BindCase { name: "bind_anybody", expected_peer: "0.0.0.0", ..GRANTED },
    BindCase { name: "bind_again", act: Act::AcceptAgain, ..GRANTED },
    BindCase { name: "bind_stranger", expected_peer: "127.0.0.5", act: Act::Stranger, ..GRANTED },
    V4,
    BindCase { name: "bind_socks4_anybody", expected_peer: "0.0.0.0", needs: GRANTED.needs, ..V4 },
];

impl BindCase {
    /// Whether there is anything to try at this place of the server with this front end.
    pub(crate) fn applies(&self, server: &Capabilities, place: Place, front: &Front) -> bool {
        // Of TLS a blocking listener knows only that it has no deadline.
        let patient = self.act != Act::AcceptAgain || place != Place::Tls;
        front.bind.is_some() && patient && (self.needs)(server)
    }

    pub(crate) fn play(&self, setting: &Setting<'_>) -> Result<(), String> {
        match (self.bind(setting)?, (self.expected)(setting.capabilities)) {
            (Ok(mut listener), Ok(())) => self.go_on(&mut *listener),
            (Ok(listener), Err(failure)) => {
                Err(format!("expected {failure:?}, got a listener at {}", listener.bound()))
            }
            (Err(error), Err(failure)) => check_failure(failure, &error, Stage::Request),
            (Err(error), Ok(())) => Err(told(&error)),
        }
    }

    fn bind(&self, setting: &Setting<'_>) -> Result<Result<Box<dyn Listening>, Error>, String> {
        let bind = setting.front.bind.as_ref().ok_or("this front end has no BIND")?;
        let peer = Target::try_from((self.expected_peer, 0)).map_err(|error| told(&error))?;
        match self.version {
            Version::V4 => {
                let (proxy, auth) = setting.socks4().map_err(|error| told(&error))?;
                Ok((bind.v4)(&setting.opening(&proxy, &auth, peer)?))
            }
            Version::V5 => {
                let (proxy, auth) = setting.socks5().map_err(|error| told(&error))?;
                Ok((bind.v5)(&setting.opening(&proxy, &auth, peer)?))
            }
        }
    }

    /// With a listener that was granted.
    fn go_on(&self, listener: &mut dyn Listening) -> Result<(), String> {
        let bound = listener.bound().socket_addr().ok_or("the proxy has bound a name")?;
        if self.act == Act::AcceptAgain {
            let error = listener.take(Some(IMPATIENCE)).err().ok_or("somebody came from nowhere")?;
            if !matches!((error.stage(), error.kind()), (Stage::SecondReply, ErrorKind::TimedOut)) {
                return Err(format!("expected a timeout, got {}", told(&error)));
            }
        }
        let peer = TcpStream::connect(bound).map_err(|error| format!("the peer at {bound}: {error}"))?;
        let address = peer.local_addr().map_err(|error| error.to_string())?;
        thread::spawn(move || greet(peer));
        let limit = (self.act == Act::AcceptAgain).then_some(DEADLINE);
        let (mut opened, told_address) = match (listener.take(limit), self.act) {
            (Ok(accepted), Act::Accept | Act::AcceptAgain) => accepted,
            (Err(error), Act::Stranger) => {
                return check_failure(NOT_ALLOWED, &error, Stage::SecondReply);
            }
            (Ok((_, address)), Act::Stranger) => return Err(format!("the stranger {address} was accepted")),
            (Err(error), _) => return Err(told(&error)),
        };
        if told_address.socket_addr() != Some(address) {
            return Err(format!("{address} has connected, and the proxy tells of {told_address}"));
        }
        // The peer sent it before the second reply was read.
        greeted(&mut *opened.tunnel)?;
        echoed(&mut *opened.tunnel, &pattern(64 * 1024))?;
        match listener.take(limit) {
            Err(error) if matches!(error.kind(), ErrorKind::Over) => Ok(()),
            _ => Err("a BIND is for one connection".to_owned()),
        }
    }
}

/// A peer connects to the listener, which accepts it, and they talk.
pub(crate) fn meet(listener: &mut dyn Listening) -> Result<(), String> {
    V5.go_on(listener)
}

fn told(error: &Error) -> String {
    format!("{error:?}: {error}")
}
