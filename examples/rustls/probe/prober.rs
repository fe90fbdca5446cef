//! How each question is asked. Each uses its own connections.

use crate::answer::{Answer, DeadEnd, Found, NotTried, Row, Verdict, is_refusal};
use crate::datagrams::Source;
use crate::gssapi;
use crate::method::offered;
use crate::target::Aim;
use crate::wire::{Dialler, Wire};
use anysocks::blocking::{Blocking, converse, dial};
use anysocks::protocol::{Command, Conversation, Scratch, Socks5, Step};
use anysocks::{
    Address, Auth, Credentials, Error, Proxy, SocksListener, SocksProtocol, SocksStream, Stage, Target,
    UserId, V4, V5, Version,
};
use std::cell::Cell;
use std::error::Error as StdError;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

/// The time limit of a connection, including everything sent over it.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Prober {
    proxy: Proxy,
    pub(crate) dialler: Dialler,
    pub(crate) user_id: UserId,
    /// The METHODs of the URL.
    pub(crate) auth: Auth,
    credentials: Option<Credentials>,
    pub(crate) aim: Aim,
    /// The sources to declare for datagrams, in this order.
    pub(crate) sources: Cell<&'static [Source]>,
}

impl Prober {
    pub(crate) fn new(
        proxy: &Proxy,
        credentials: Option<Credentials>,
        dialler: Dialler,
        aim: Aim,
    ) -> Result<Self, Error> {
        let user_id = match proxy.protocol() {
            SocksProtocol::V4(user_id) => UserId::new(user_id.as_bytes())?,
            _ => UserId::none(),
        };
        let auth = gssapi::auth(proxy, proxy.endpoint())?;
        Ok(Self {
            proxy: proxy.clone(),
            dialler,
            user_id,
            auth,
            credentials,
            aim,
            sources: Cell::new(Source::BOTH),
        })
    }

    pub(crate) fn tcp(&self) -> Answer {
        Ok(dial(&self.dialler.proxy).map(|_| Found::default())?)
    }

    pub(crate) fn tls(&self) -> Answer {
        if self.dialler.tls.is_none() {
            return Err(NotTried("the URL's scheme has no +tls").into());
        }
        let note = self.dialler.dial()?.tls_version().unwrap_or_default().to_owned();
        Ok(Found { note, ..Found::default() })
    }

    /// A connection to the target.
    pub(crate) fn connect<V: Version>(&self, auth: &V::Auth, target: &Target<'_>) -> Answer {
        self.tunnel::<V>(auth, target)?.found()
    }

    /// A connection to the target's name by SOCKS4a, which marks a name with an address of the
    /// form 0.0.0.x. A server that grants that very address takes it for the target's, unless
    /// data comes back.
    pub(crate) fn connect4a(&self) -> Answer {
        let tunnel = self.tunnel::<V4>(&self.user_id, &self.aim.name()?)?;
        if is_mark(&tunnel.bound) && !matches!(tunnel.round_trip, Some(Ok(_))) {
            let bound = tunnel.bound;
            return Err(format!(
                "granted with BND {bound}: the proxy takes the mark of a name for an address"
            )
            .into());
        }
        tunnel.found()
    }

    fn tunnel<V: Version>(&self, auth: &V::Auth, target: &Target<'_>) -> Result<Tunnel, Box<dyn StdError>> {
        let wire = self.dialler.dial()?;
        let mut stream = SocksStream::<Wire, V, Blocking>::handshake(wire, auth, target.borrowed())?;
        let round_trip = self.aim.is_own().then(|| ping(&mut stream));
        Ok(Tunnel { bound: stream.bound_addr().clone(), round_trip })
    }

    /// The proxy's choice among all METHODs of RFC 1928.
    pub(crate) fn greeting(&self) -> Answer {
        let all = Auth::none().or(gssapi::offered()?)?.or(self.password_only()?)?;
        let note =
            self.method(&all)?.map_or_else(String::new, |code| format!("METHOD {code:02X} is preferred"));
        Ok(Found { note, ..Found::default() })
    }

    pub(crate) fn none(&self) -> Answer {
        self.chooses(&Auth::none())
    }

    /// Whether the proxy selects GSS-API. The levels that it grants need a ticket.
    pub(crate) fn gssapi(&self) -> Answer {
        self.chooses(&gssapi::offered()?)?;
        let is_granted = |auth: &Auth| self.talk_until(auth, |talk| talk.stage() == Stage::Request).is_ok();
        Ok(Found { note: gssapi::levels(&self.proxy, is_granted), ..Found::default() })
    }

    /// Whether the proxy selects a METHOD of SOCKS5a. The name is for errors.
    pub(crate) fn socks5a(&self, code: u8, name: &'static str) -> Answer {
        self.chooses(&offered(code, name)?)
    }

    pub(crate) fn password(&self) -> Answer {
        self.chooses(&self.password_only()?)
    }

    /// Whether the proxy chooses the one METHOD that is offered.
    fn chooses(&self, auth: &Auth) -> Answer {
        self.method(auth).map(|_| Found::default())
    }

    fn method(&self, auth: &Auth) -> Result<Option<u8>, Box<dyn StdError>> {
        self.talk_until(auth, |talk| talk.method().is_some())
    }

    /// Drives a CONNECT until `enough`, and closes the connection then. Returns the METHOD that
    /// the proxy chose.
    fn talk_until(
        &self,
        auth: &Auth,
        enough: impl Fn(&Socks5<'_>) -> bool,
    ) -> Result<Option<u8>, Box<dyn StdError>> {
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

    /// The METHODs of the URL, for a request that is not a handshake.
    pub(crate) fn prepared(&self, command: Command) -> Result<Auth, Error> {
        self.auth.prepare(command)
    }

    /// METHOD 02 alone. Without credentials it has some of its own, which are sent only with a
    /// pipelined request.
    fn password_only(&self) -> Result<Auth, Error> {
        let credentials = self.credentials.clone().map_or_else(|| Credentials::new("probe", "probe"), Ok)?;
        Ok(Auth::password_only(credentials))
    }

    /// The credentials are accepted once the request may follow.
    pub(crate) fn credentials(&self) -> Answer {
        let credentials = self.credentials.clone().ok_or(NotTried("the URL has no credentials"))?;
        self.talk_until(&Auth::password_only(credentials), |talk| talk.stage() == Stage::Request)?;
        Ok(Found::default())
    }

    /// Greeting, credentials and request in one write, with one METHOD that the proxy accepts.
    pub(crate) fn pipelined(&self, rows: &[Row]) -> Answer {
        let is_yes = |id: &str| rows.iter().any(|row| row.question.id == id && row.verdict() == Verdict::Yes);
        let auth = if gssapi::is_in_url(&self.proxy) {
            self.auth.clone()
        } else if is_yes("method-none") && !is_yes("credentials") {
            Auth::none()
        } else {
            self.password_only()?
        };
        match self.connect::<V5>(&auth.pipelined(true), &self.aim.any()?) {
            // The proxy has understood everything and rejects only the target.
            Err(error) if is_refusal(&*error) => Ok(Found::default()),
            Err(_) if !["socks5-ipv4", "socks5-ipv6", "socks5-name"].into_iter().any(is_yes) => {
                Err(NotTried("the proxy grants no target step by step either").into())
            }
            answer => answer,
        }
    }

    /// A port of the proxy. If the target is in this process, so is the peer that connects to
    /// that port.
    pub(crate) fn bind<V: Version>(&self, auth: &V::Auth) -> Answer {
        // Some servers listen at the port of the request, so it is 0.
        let peer = self.aim.v4().ok().and_then(|target| target.ip()).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let mut wire = self.dialler.dial()?;
        let first = converse(&mut wire, &mut V::bind(auth, (peer, 0).into())?)?;
        let raw = first.bound.to_string();
        if first.bound.port() == 0 {
            return Err(format!("granted with BND {raw}: no peer can connect to port 0").into());
        }
        let proxy = wire.proxy_ip();
        let mut listener = SocksListener::<Wire, V, Blocking>::new(wire, first, Some(proxy));
        let found = |note: String| Found { bound: Some(raw.clone()), note, ..Found::default() };
        let (true, Some(bound)) = (self.aim.is_own(), listener.bound_addr().socket_addr()) else {
            return Ok(found("not tested with a peer".to_owned()));
        };
        let _peer = TcpStream::connect_timeout(&bound, LIMIT).map_err(|error| {
            format!("granted with BND {raw}, but connecting to it failed: {}", error.kind())
        })?;
        let (_, peer) = listener.accept()?;
        Ok(found(format!("accepted a connection from {peer}")))
    }
}

/// A connection that was granted.
struct Tunnel {
    bound: Address,
    /// Whether data came back, if the target is in this process.
    round_trip: Option<io::Result<Duration>>,
}

impl Tunnel {
    fn found(self) -> Answer {
        let round_trip = self.round_trip.transpose().map_err(DeadEnd)?;
        Ok(Found { bound: Some(self.bound.to_string()), round_trip, ..Found::default() })
    }
}

/// Whether SOCKS4a marks a name with this address.
fn is_mark(bound: &Address) -> bool {
    matches!(bound.ip(), Some(IpAddr::V4(ip)) if matches!(ip.octets(), [0, 0, 0, mark] if mark != 0))
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
