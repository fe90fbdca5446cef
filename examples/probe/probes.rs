//! The questions. Each has connections of its own, and a time limit.

use crate::report::{Answer, Row};
use crate::target::{Aim, NotTried};
use anysocks::blocking::{Blocking, Socks5Listener, Socks5UdpSocket, dial};
use anysocks::{Auth, Conversation, Credentials, Error, Protocol, Proxy, Scratch, Step};
use anysocks::{Socks5, SocksStream, Target, V4, V5, Version};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(5);

type Question = (&'static str, fn(&Prober) -> Answer);

const QUESTIONS: &[Question] = &[
    ("TCP connection", |p| Ok(dial(&p.socks5).map(|_| String::new())?)),
    ("SOCKS4 to IPv4", |p| p.connect::<V4>(&p.socks4, &p.aim.v4()?.try_into()?)),
    ("SOCKS4a to a name", |p| p.connect::<V4>(&p.socks4, p.aim.name()?)),
    ("METHOD 00, none", |p| p.chosen(&Auth::none()).map(|_| String::new())),
    ("METHOD 02, password", |p| p.chosen(&p.password()?).map(|_| String::new())),
    ("these credentials", Prober::credentials),
    ("SOCKS5 to IPv4", |p| p.connect::<V5>(&p.socks5, &p.aim.v4()?.try_into()?)),
    ("SOCKS5 to IPv6", |p| p.connect::<V5>(&p.socks5, &p.aim.v6()?.try_into()?)),
    ("SOCKS5 to a name", |p| p.connect::<V5>(&p.socks5, p.aim.name()?)),
    ("SOCKS5 in one write", Prober::pipelined),
    ("BIND", Prober::bind),
    ("UDP ASSOCIATE", Prober::associate),
    ("datagrams to IPv4", |p| p.datagram(&p.aim.echo()?.try_into()?)),
    ("datagrams to a name", |p| p.datagram(&("localhost", p.aim.echo()?.port()).try_into()?)),
];

pub(crate) struct Prober {
    socks4: Proxy,
    socks5: Proxy,
    credentials: Option<Credentials>,
    aim: Aim,
}

impl Prober {
    pub(crate) fn new(proxy: &Proxy, credentials: Option<Credentials>, aim: Aim) -> Result<Self, Error> {
        let auth = credentials.clone().map_or_else(Auth::none, Auth::password);
        let socks5 = Proxy::socks5(proxy.endpoint().clone())?.timeout(LIMIT).auth(auth)?;
        let mut socks4 = Proxy::socks4(proxy.endpoint().clone())?.timeout(LIMIT);
        if let Protocol::V4(user_id) = proxy.protocol() {
            socks4 = socks4.user_id(user_id.as_bytes())?;
        }
        Ok(Self { socks4, socks5, credentials, aim })
    }

    pub(crate) fn ask_all(&self) -> Vec<Row> {
        let ask = |&(question, probe): &Question| {
            let start = Instant::now();
            let answer = probe(self);
            Row { question, answer, took: start.elapsed() }
        };
        QUESTIONS.iter().map(ask).collect()
    }

    /// A tunnel, through which something goes there and back if the target is ours.
    fn connect<V: Version>(&self, proxy: &Proxy, target: &Target<'_>) -> Answer {
        let mut stream = SocksStream::<TcpStream, V, Blocking>::connect(proxy, target)?;
        let bound = format!("from {}", stream.bound_addr());
        if self.aim.echo().is_err() {
            return Ok(bound);
        }
        stream.get_ref().set_read_timeout(Some(LIMIT))?;
        let start = Instant::now();
        let mut back = [0; 4];
        stream.write_all(b"ping")?;
        stream.read_exact(&mut back)?;
        echoed(back, start).map(|echoed| format!("{bound}; {echoed}"))
    }

    /// What METHOD the proxy chooses. No more is said to it.
    fn chosen(&self, auth: &Auth) -> Result<u8, Box<dyn std::error::Error>> {
        let mut talk = Socks5::connect(auth, self.aim.any()?)?;
        let mut stream = dial(&self.socks5)?;
        stream.set_read_timeout(Some(LIMIT))?;
        loop {
            if let Some(method) = talk.method() {
                return Ok(method);
            }
            let mut scratch = Scratch::new();
            let moved = match talk.step(&mut scratch) {
                Step::Write(bytes) => stream.write(bytes),
                Step::Read([]) | Step::Done(_) => Ok(0),
                Step::Read(buf) => stream.read(buf),
            };
            talk.report(moved)?;
        }
    }

    /// The METHOD alone: with other credentials where none were given, since they are not sent.
    fn password(&self) -> Result<Auth, Error> {
        let credentials = self.credentials.clone().map_or_else(|| Credentials::new("probe", "probe"), Ok)?;
        Ok(Auth::password_only(credentials))
    }

    fn credentials(&self) -> Answer {
        let credentials = self.credentials.clone().ok_or(NotTried("none were given"))?;
        let proxy = self.socks5.clone().auth(Auth::password_only(credentials))?;
        self.connect::<V5>(&proxy, &self.aim.any()?)
    }

    /// Greeting, credentials and request in one write, with the one METHOD that the proxy prefers.
    fn pipelined(&self) -> Answer {
        let auth = match self.socks5.protocol() {
            Protocol::V5(auth) if self.chosen(auth)? != 0 => self.password()?,
            _ => Auth::none(),
        };
        let proxy = self.socks5.clone().auth(auth.pipelined(true))?;
        self.connect::<V5>(&proxy, &self.aim.any()?)
    }

    /// A port of the proxy's, at which we are the peer too if the target is ours.
    fn bind(&self) -> Answer {
        let mut listener = Socks5Listener::bind(&self.socks5, self.aim.v4()?)?;
        let told = format!("at {}", listener.raw_bound_addr());
        let (Some(bound), Ok(_)) = (listener.bound_addr().socket_addr(), self.aim.echo()) else {
            return Ok(told + "; no peer was there to come");
        };
        let peer = TcpStream::connect_timeout(&bound, LIMIT);
        let _peer = peer.map_err(|error| format!("{told}, where nobody listens: {error}"))?;
        let (_, peer) = listener.accept_within(LIMIT)?;
        Ok(format!("{told}; {peer} was let in"))
    }

    fn associate(&self) -> Answer {
        let socket = Socks5UdpSocket::associate(&self.socks5)?;
        Ok(format!("relay {}, told as {}", socket.relay_addr(), socket.bound_addr()))
    }

    fn datagram(&self, target: &Target<'_>) -> Answer {
        let socket = Socks5UdpSocket::associate(&self.socks5)?;
        socket.set_read_timeout(Some(LIMIT))?;
        let start = Instant::now();
        let mut back = [0; 4];
        socket.send_to(b"ping", target)?;
        socket.recv_from(&mut back)?;
        echoed(back, start)
    }
}

fn echoed(back: [u8; 4], start: Instant) -> Answer {
    match &back {
        b"ping" => Ok(format!("there and back in {:.1} ms", start.elapsed().as_secs_f64() * 1000.0)),
        _ => Err("what came back is not what was sent".into()),
    }
}
