//! The questions. Each has connections of its own, and a time limit.

use crate::answer::Kind::{self, Connect4, Connect5, Other};
use crate::answer::{Answer, DeadEnd, Found, NotTried, Question, Row, is_refusal};
use crate::target::Aim;
use anysocks::blocking::{Blocking, Socks5UdpSocket, dial};
use anysocks::{
    Auth, Conversation, Credentials, Encapsulation, Error, Method, Protocol, Proxy, Scratch, Socks5,
    SocksListener, SocksStream, Stage, Step, Target, V4, V5, Version,
};
use std::error::Error as StdError;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(5);

type Ask = fn(&Prober<'_>) -> Answer;

const QUESTIONS: &[(&str, &str, Kind, Ask)] = &[
    ("tcp", "TCP connection", Other, |p| Ok(dial(&p.socks5).map(|_| Found::default())?)),
    ("socks4", "SOCKS4 to IPv4", Connect4, |p| p.connect::<V4>(&p.socks4, &p.aim.v4()?)),
    ("socks4a", "SOCKS4a to a name", Connect4, |p| p.connect::<V4>(&p.socks4, &p.aim.name()?)),
    ("socks4-bind", "SOCKS4 BIND", Other, |p| p.bind::<V4>(&p.socks4)),
    ("method-none", "METHOD 00, none", Kind::Method, |p| p.chooses(&Auth::none())),
    ("method-gssapi", "METHOD 01, GSS-API", Kind::Method, |p| p.chooses(&Auth::method(|| Box::new(GssApi))?)),
    ("method-password", "METHOD 02, password", Kind::Method, |p| p.chooses(&p.password()?)),
    ("credentials", "these credentials", Kind::Method, |p| p.credentials()),
    ("socks5-ipv4", "SOCKS5 to IPv4", Connect5, |p| p.connect::<V5>(&p.socks5, &p.aim.v4()?)),
    ("socks5-ipv6", "SOCKS5 to IPv6", Connect5, |p| p.connect::<V5>(&p.socks5, &p.aim.v6()?)),
    ("socks5-name", "SOCKS5 to a name", Connect5, |p| p.connect::<V5>(&p.socks5, &p.aim.name()?)),
    ("pipelined", "SOCKS5 in one write", Other, |p| p.pipelined()),
    ("bind", "BIND", Other, |p| p.bind::<V5>(&p.socks5)),
    ("udp", "UDP ASSOCIATE", Other, |p| p.associate()),
    ("udp-ipv4", "datagrams to IPv4", Other, |p| p.datagram(&p.aim.echo_v4()?)),
    ("udp-ipv6", "datagrams to IPv6", Other, |p| p.datagram(&p.aim.echo_v6()?)),
    ("udp-name", "datagrams to a name", Other, |p| p.datagram(&p.aim.echo_name()?)),
];

pub(crate) struct Prober<'a> {
    socks4: Proxy,
    socks5: Proxy,
    credentials: Option<Credentials>,
    aim: &'a Aim,
}

impl<'a> Prober<'a> {
    pub(crate) fn new(proxy: &Proxy, credentials: Option<Credentials>, aim: &'a Aim) -> Result<Self, Error> {
        let auth = credentials.clone().map_or_else(Auth::none, Auth::password);
        let socks5 = Proxy::socks5(proxy.endpoint().clone())?.timeout(LIMIT).auth(auth)?;
        let mut socks4 = Proxy::socks4(proxy.endpoint().clone())?.timeout(LIMIT);
        if let Protocol::V4(user_id) = proxy.protocol() {
            socks4 = socks4.user_id(user_id.as_bytes())?;
        }
        Ok(Self { socks4, socks5, credentials, aim })
    }

    pub(crate) fn ask_all(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for &(id, text, kind, ask) in QUESTIONS {
            let start = Instant::now();
            let answer = why_not(&rows).map_or_else(|| ask(self), |why| Err(NotTried(why).into()));
            rows.push(Row { question: Question { id, text, kind }, answer, took: start.elapsed() });
        }
        rows
    }

    /// A tunnel, through which something goes there and back if the target is ours.
    fn connect<V: Version>(&self, proxy: &Proxy, target: &Target<'_>) -> Answer {
        let mut stream = SocksStream::<TcpStream, V, Blocking>::connect(proxy, target)?;
        let bound = Some(stream.bound_addr().to_string());
        let round_trip = if self.aim.is_own() { Some(ping(&mut stream).map_err(DeadEnd)?) } else { None };
        Ok(Found { bound, round_trip, ..Found::default() })
    }

    /// Whether the proxy chooses a METHOD of these.
    fn chooses(&self, auth: &Auth) -> Answer {
        self.method(auth).map(|_| Found::default())
    }

    fn method(&self, auth: &Auth) -> Result<Option<u8>, Box<dyn StdError>> {
        self.talk_until(auth, |talk| talk.method().is_some())
    }

    /// Talks until it is enough, and says no more. The METHOD is that which was chosen.
    fn talk_until(
        &self,
        auth: &Auth,
        enough: impl Fn(&Socks5<'_>) -> bool,
    ) -> Result<Option<u8>, Box<dyn StdError>> {
        let mut talk = Socks5::connect(auth, self.aim.any()?)?;
        let mut stream = dial(&self.socks5)?;
        stream.set_read_timeout(Some(LIMIT))?;
        while !enough(&talk) {
            let mut scratch = Scratch::new();
            let moved = match talk.step(&mut scratch) {
                Step::Write(bytes) => stream.write(bytes),
                Step::Read([]) | Step::Done(_) => Ok(0),
                Step::Read(buf) => stream.read(buf),
            };
            talk.report(moved)?;
        }
        Ok(talk.method())
    }

    /// The METHOD alone: with other credentials where none were given, since they are not sent.
    fn password(&self) -> Result<Auth, Error> {
        let credentials = self.credentials.clone().map_or_else(|| Credentials::new("probe", "probe"), Ok)?;
        Ok(Auth::password_only(credentials))
    }

    /// They are right where a request may follow.
    fn credentials(&self) -> Answer {
        let credentials = self.credentials.clone().ok_or(NotTried("none were given"))?;
        self.talk_until(&Auth::password_only(credentials), |talk| talk.stage() == Stage::Request)?;
        Ok(Found::default())
    }

    /// Greeting, credentials and request in one write, with the one METHOD that the proxy prefers.
    fn pipelined(&self) -> Answer {
        let auth = match self.socks5.protocol() {
            Protocol::V5(auth) if self.method(auth)? != Some(0) => self.password()?,
            _ => Auth::none(),
        };
        let proxy = self.socks5.clone().auth(auth.pipelined(true))?;
        let target = self.aim.any()?;
        match self.connect::<V5>(&proxy, &target) {
            // All was understood, whatever becomes of the target.
            Err(error) if is_refusal(&*error) => Ok(Found::default()),
            Err(_) if self.connect::<V5>(&self.socks5, &target).is_err() => {
                Err(NotTried("the target is not granted step by step either").into())
            }
            answer => answer,
        }
    }

    /// A port of the proxy's, at which we are the peer too if the target is ours.
    fn bind<V: Version>(&self, proxy: &Proxy) -> Answer {
        let expected_peer = self.aim.v4().unwrap_or_else(|_| (Ipv4Addr::UNSPECIFIED, 0).into());
        let mut listener = SocksListener::<TcpStream, V, Blocking>::bind(proxy, expected_peer)?;
        let mut found = Found { bound: Some(listener.raw_bound_addr().to_string()), ..Found::default() };
        let (true, Some(bound)) = (self.aim.is_own(), listener.bound_addr().socket_addr()) else {
            "no peer was there to come".clone_into(&mut found.note);
            return Ok(found);
        };
        let peer = TcpStream::connect_timeout(&bound, LIMIT);
        let _peer = peer.map_err(|error| format!("granted at {bound}, where nobody listens: {error}"))?;
        let (_, peer) = listener.accept_within(LIMIT)?;
        found.note = format!("{peer} was let in");
        Ok(found)
    }

    fn associate(&self) -> Answer {
        let socket = Socks5UdpSocket::associate(&self.socks5)?;
        let (bound, relay) = (Some(socket.bound_addr().to_string()), Some(socket.relay_addr()));
        Ok(Found { bound, relay, ..Found::default() })
    }

    fn datagram(&self, target: &Target<'_>) -> Answer {
        let socket = Socks5UdpSocket::associate(&self.socks5)?;
        socket.set_read_timeout(Some(LIMIT))?;
        let start = Instant::now();
        let mut back = [0; 4];
        socket.send_to(b"ping", target)?;
        socket.recv_from(&mut back)?;
        let round_trip = Some(came_back(back, start)?);
        Ok(Found { round_trip, ..Found::default() })
    }
}

/// Why there is no use in asking any more.
fn why_not(rows: &[Row]) -> Option<&'static str> {
    let answered = |id: &str| rows.iter().find(|row| row.question.id == id);
    if answered("tcp").is_some_and(|row| row.answer.is_err()) {
        return Some("there is no connection to the proxy");
    }
    // Both versions were tried then, and the methods; a server that says nothing would take its time for each question.
    let all_tried = answered("method-password").is_some();
    (all_tried && !rows.iter().any(Row::is_socks)).then_some("nothing of SOCKS was answered")
}

fn ping<V: Version>(stream: &mut SocksStream<TcpStream, V, Blocking>) -> io::Result<Duration> {
    stream.get_ref().set_read_timeout(Some(LIMIT))?;
    let start = Instant::now();
    let mut back = [0; 4];
    stream.write_all(b"ping")?;
    stream.read_exact(&mut back)?;
    came_back(back, start)
}

fn came_back(back: [u8; 4], start: Instant) -> io::Result<Duration> {
    match &back {
        b"ping" => Ok(start.elapsed()),
        _ => Err(io::Error::other("what came back is not what was sent")),
    }
}

/// GSS-API (RFC 1961), of which only the proxy's choice is wanted.
struct GssApi;

impl Method for GssApi {
    fn code(&self) -> u8 {
        1
    }
}

impl Conversation for GssApi {
    type Outcome = Option<Encapsulation>;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Self::Outcome> {
        Step::Read(scratch.room())
    }

    fn advance(&mut self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}
