//! How each question is asked. Each uses its own connections.

use super::aim::Aim;
use super::answer::{Answer, Found, Verdict};
use super::dialler::Dialler;
use super::failure::{Defect, Failure};
use super::gssapi;
use super::method::offered;
use super::not_tried::NotTried;
use super::note::Note;
use super::question::Question;
use super::source::Source;
use super::wire::Wire;
use crate::blocking::block_on::block_on;
use crate::blocking::{Blocking, converse};
use crate::error::{Error, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::socks4::{UserId, is_mark};
use crate::protocol::socks5::{Auth, Credentials, Socks5};
use crate::protocol::target::Target;
use crate::protocol::version::{V4, V5, Version};
use crate::proxy::Proxy;
use crate::route::listener::SocksListener;
use crate::route::prepare::prepare;
use crate::runtime::deadline;
use crate::stream::SocksStream;
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

pub(super) struct Prober<'p> {
    pub(super) dialler: Dialler<'p>,
    pub(super) user_id: UserId,
    pub(super) aim: &'p Aim,
    /// The sources to declare for datagrams, in this order.
    pub(super) sources: Cell<&'static [Source]>,
}

impl<'p> Prober<'p> {
    pub(super) fn new(dialler: Dialler<'p>, aim: &'p Aim) -> Result<Self, Error> {
        let user_id = match dialler.proxy.protocol() {
            SocksProtocol::V4(user_id) => UserId::new(user_id.as_bytes())?,
            SocksProtocol::V5(_) => UserId::none(),
        };
        Ok(Self { dialler, user_id, aim, sources: Cell::new(Source::BOTH) })
    }

    /// Answers one question. Some depend on earlier answers.
    pub(super) fn ask(&self, question: Question, earlier: &[Answer]) -> Result<Found, Failure> {
        let aim = self.aim;
        match question {
            Question::Tcp => Ok(self.dialler.tcp().map(|_| Found::default())?),
            Question::Tls => self.dialler.wrapped().map(|_| Found::default()),
            Question::Socks4 => self.connect::<V4>(&self.user_id, &aim.v4()?),
            Question::Socks4a => self.connect4a(),
            Question::Socks4Bind => self.bind::<V4>(&self.user_id),
            Question::Greeting => self.greeting(),
            Question::MethodNone => self.chooses(&Auth::none()),
            Question::MethodGssapi => self.gssapi(),
            Question::MethodPassword => self.chooses(&self.password_only()?),
            Question::Credentials => self.credentials(),
            Question::MethodEaf => self.chooses(&offered(0x80, "EAF")?),
            Question::MethodTol => self.chooses(&offered(0x81, "TOL")?),
            Question::MethodAmc => self.chooses(&offered(0x82, "AMC")?),
            Question::Socks5Ipv4 => self.connect5(&aim.v4()?),
            Question::Socks5Ipv6 => self.connect5(&aim.v6()?),
            Question::Socks5Name => self.connect5(&aim.name()?),
            Question::Pipelined => self.pipelined(earlier),
            Question::Bind => self.bind::<V5>(&self.auth(Command::Bind)?),
            Question::Udp => self.associate(),
            Question::UdpIpv4 => self.datagrams(&aim.echo_v4()?),
            Question::UdpIpv6 => self.datagrams(&aim.echo_v6()?),
            Question::UdpName => self.datagrams(&aim.echo_name()?),
        }
    }

    /// A connection to the target.
    fn connect<V: Version>(&self, auth: &V::Auth, target: &Target<'_>) -> Result<Found, Failure> {
        self.tunnel::<V>(auth, target)?.found()
    }

    fn connect5(&self, target: &Target<'_>) -> Result<Found, Failure> {
        self.connect::<V5>(&self.auth(Command::Connect)?, target)
    }

    /// A connection to the target's name by SOCKS4a, which marks a name with an address of the
    /// form 0.0.0.x. A server that grants that very address takes it for the target's, unless
    /// data comes back.
    fn connect4a(&self) -> Result<Found, Failure> {
        let tunnel = self.tunnel::<V4>(&self.user_id, &self.aim.name()?)?;
        let is_marked = matches!(tunnel.bound.ip(), Some(IpAddr::V4(ip)) if is_mark(ip));
        if is_marked && !matches!(tunnel.round_trip, Some(Ok(_))) {
            return Err(Failure::Bound(tunnel.bound, Defect::MarkOfSocks4a));
        }
        tunnel.found()
    }

    fn tunnel<V: Version>(&self, auth: &V::Auth, target: &Target<'_>) -> Result<Tunnel, Failure> {
        let wire = self.dialler.dial()?;
        let mut stream = SocksStream::<Wire, V, Blocking>::handshake(wire, auth, target.borrowed())?;
        let round_trip = self.aim.is_own().then(|| ping(&mut stream));
        Ok(Tunnel { bound: stream.bound_addr().clone(), round_trip })
    }

    /// The proxy's choice among all METHODs of RFC 1928.
    fn greeting(&self) -> Result<Found, Failure> {
        let all = Auth::none().or(gssapi::offered()?)?.or(self.password_only()?)?;
        Ok(self.method(&all)?.map_or_else(Found::default, |code| Found::note(Note::Preferred(code))))
    }

    /// Whether the proxy selects GSS-API. The levels that it grants need a ticket.
    fn gssapi(&self) -> Result<Found, Failure> {
        self.chooses(&gssapi::offered()?)?;
        let is_granted = |proxy: &Proxy| {
            let auth = self.prepared(proxy, Command::Connect)?;
            Ok(self.talk_until(&auth, |talk| talk.stage() == Stage::Request).is_ok())
        };
        Ok(Found::note(gssapi::levels(self.dialler.proxy, self.dialler.timeout, is_granted)))
    }

    /// Whether the proxy chooses the one METHOD that is offered.
    fn chooses(&self, auth: &Auth) -> Result<Found, Failure> {
        self.method(auth).map(|_| Found::default())
    }

    fn method(&self, auth: &Auth) -> Result<Option<u8>, Failure> {
        self.talk_until(auth, |talk| talk.method().is_some())
    }

    /// Drives a CONNECT until `enough`, and closes the connection then. Returns the METHOD that
    /// the proxy chose.
    fn talk_until(&self, auth: &Auth, enough: impl Fn(&Socks5<'_>) -> bool) -> Result<Option<u8>, Failure> {
        let mut talk = Socks5::connect(auth, self.aim.any()?)?;
        let mut wire = self.dialler.dial()?;
        while !enough(&talk) {
            let mut scratch = Scratch::new();
            let moved = match talk.step(&mut scratch) {
                Step::Write(bytes) => wire.write(bytes),
                Step::Read([]) | Step::Done(_) => Ok(0),
                Step::Read(buf) => wire.flush().and_then(|()| wire.read(buf)),
            };
            talk.report(moved)?;
        }
        Ok(talk.method())
    }

    /// The METHODs of the proxy, prepared for one connection.
    pub(super) fn auth(&self, command: Command) -> Result<Auth, Error> {
        self.prepared(self.dialler.proxy, command)
    }

    fn prepared(&self, proxy: &Proxy, command: Command) -> Result<Auth, Error> {
        let until = deadline::<Blocking>(self.dialler.timeout);
        let prepared = block_on(prepare::<Blocking>(proxy, (1, 1), command, until))?;
        match prepared.as_ref().unwrap_or(proxy.protocol()) {
            // A pipelined handshake is a question of its own.
            SocksProtocol::V5(auth) => Ok(auth.clone().pipelined(false)),
            SocksProtocol::V4(_) => Ok(Auth::none()),
        }
    }

    fn own_credentials(&self) -> Option<&Credentials> {
        match self.dialler.proxy.protocol() {
            SocksProtocol::V5(auth) => auth.credentials(),
            SocksProtocol::V4(_) => None,
        }
    }

    /// METHOD 02 alone. Without credentials it has some of its own, which are sent only with a
    /// pipelined request.
    fn password_only(&self) -> Result<Auth, Error> {
        let own = self.own_credentials().cloned();
        own.map_or_else(|| Credentials::new("probe", "probe"), Ok).map(Auth::password_only)
    }

    /// The credentials are accepted once the request may follow.
    fn credentials(&self) -> Result<Found, Failure> {
        let credentials = self.own_credentials().ok_or(NotTried::NoCredentials)?.clone();
        self.talk_until(&Auth::password_only(credentials), |talk| talk.stage() == Stage::Request)?;
        Ok(Found::default())
    }

    /// Greeting, credentials and request in one write, with one METHOD that the proxy accepts.
    fn pipelined(&self, earlier: &[Answer]) -> Result<Found, Failure> {
        let is_yes = |question| {
            earlier.iter().any(|answer| answer.question == question && answer.verdict() == Verdict::Yes)
        };
        let auth = self.auth(Command::Connect)?;
        let auth = if auth.has_custom_method() {
            auth
        } else if is_yes(Question::MethodNone) && !is_yes(Question::Credentials) {
            Auth::none()
        } else {
            self.password_only()?
        };
        let connects = [Question::Socks5Ipv4, Question::Socks5Ipv6, Question::Socks5Name];
        match self.connect::<V5>(&auth.pipelined(true), &self.aim.any()?) {
            // The proxy has understood everything and rejects only the target. A tunnel that is
            // granted and dead is no such answer.
            Err(failure) if failure.is_refusal() => Ok(Found::default()),
            Err(_) if !connects.into_iter().any(is_yes) => Err(NotTried::NothingGranted.into()),
            answer => answer,
        }
    }

    /// A port of the proxy. If the target is in this process, so is the peer that connects to
    /// that port.
    fn bind<V: Version>(&self, auth: &V::Auth) -> Result<Found, Failure> {
        // Some servers listen at the port of the request, so it is 0.
        let peer = self.aim.peer().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let mut wire = self.dialler.dial()?;
        let first = converse(&mut wire, &mut V::bind(auth, (peer, 0).into())?)?;
        let raw = first.bound.clone();
        if raw.port() == 0 {
            return Err(Failure::Bound(raw, Defect::PortZero));
        }
        let proxy = wire.proxy_ip();
        let mut listener = SocksListener::<Wire, V, Blocking>::new(wire, first, Some(proxy));
        let (true, Some(bound)) = (self.aim.is_own(), listener.bound_addr().socket_addr()) else {
            return Ok(Found { bound: Some(raw), ..Found::note(Note::NoPeer) });
        };
        let connected = TcpStream::connect_timeout(&bound, self.dialler.timeout);
        let _peer = match connected {
            Ok(peer) => peer,
            Err(error) => return Err(Failure::Bound(raw, Defect::NoConnection(error))),
        };
        let (_, peer) = listener.accept()?;
        Ok(Found { bound: Some(raw), ..Found::note(Note::Accepted(peer)) })
    }
}

/// A connection that was granted.
struct Tunnel {
    bound: Address,
    /// Whether data came back, if the target is in this process.
    round_trip: Option<io::Result<Duration>>,
}

impl Tunnel {
    fn found(self) -> Result<Found, Failure> {
        let round_trip = self.round_trip.transpose().map_err(Failure::DeadEnd)?;
        Ok(Found { bound: Some(self.bound), round_trip, ..Found::default() })
    }
}

fn ping<V: Version>(stream: &mut SocksStream<Wire, V, Blocking>) -> io::Result<Duration> {
    let start = Instant::now();
    let mut back = [0; 4];
    stream.write_all(b"ping")?;
    stream.flush()?;
    stream.read_exact(&mut back)?;
    match &back {
        b"ping" => Ok(start.elapsed()),
        _ => Err(io::Error::other("other data came back than was sent")),
    }
}
