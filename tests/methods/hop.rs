//! Chains of proxies with METHODs, served on one connection.

use crate::messages::{BOUND, Speaks};
use crate::scene::{self, BEHIND, play};
use crate::support::methods::wire::Wire;
use crate::support::methods::{numbered, short, speaking};
use crate::support::script::{Line, client, proxy};
use crate::support::server::Server;
use anysocks::protocol::Negotiated;
use anysocks::{Chain, Proxy, Stage};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What a proxy of a chain speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// A METHOD with numbered frames.
    Numbered(u8),
    /// The same, and the METHOD itself speaks through them.
    Speaking(u8),
    /// A METHOD without an encapsulation.
    Bare(u8),
    /// No custom METHOD.
    Plain(Speaks),
}

/// The value that a METHOD hands over: its code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u8);

impl Hop {
    pub(crate) fn proxy(self, addr: SocketAddr) -> Proxy {
        let auth = match self {
            Self::Plain(kind) => return kind.at(addr),
            Self::Numbered(code) => short::auth(code, move || numbered::negotiated(code).session(Code(code))),
            Self::Speaking(code) => speaking::auth(code),
            Self::Bare(code) => short::auth(code, move || Negotiated::nothing().session(Code(code))),
        };
        Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth)).expect("a proxy")
    }

    /// What the request and its reply look like.
    pub(crate) const fn speaks(self) -> Speaks {
        if let Self::Plain(kind) = self { kind } else { Speaks::Socks5 }
    }

    /// Plays all before the request.
    pub(crate) fn authenticate(self, wire: &mut Wire<impl Read + Write>) -> io::Result<()> {
        match self {
            Self::Plain(kind) => play(wire, &kind.greeting()),
            Self::Bare(code) => play(wire, &short::lines(code)),
            Self::Numbered(code) => {
                play(wire, &short::lines(code))?;
                wire.encapsulate(code);
                Ok(())
            }
            Self::Speaking(code) => {
                play(wire, &short::lines(code)[..2])?;
                wire.encapsulate(code);
                play(wire, &speaking::exchange())
            }
        }
    }
}

/// A chain of these proxies, of which the first is at this address.
pub(crate) fn chain(hops: &[Hop], first: SocketAddr) -> Chain {
    let others = BEHIND.map(|addr| addr.parse().expect("an address"));
    scene::chain(hops.iter().zip([first].into_iter().chain(others)).map(|(hop, addr)| hop.proxy(addr)))
}

/// Plays the part of all these proxies, up to the request to the last one.
pub(crate) fn serve(hops: &[Hop], wire: &mut Wire<impl Read + Write>) -> io::Result<()> {
    let (last, others) = hops.split_last().expect("a proxy");
    for (hop, next) in others.iter().zip(BEHIND) {
        hop.authenticate(wire)?;
        let request = hop.speaks().request(1, next);
        play(wire, &[client(request), granted(hop.speaks().granted(BOUND))])?;
    }
    last.authenticate(wire)
}

pub(crate) fn granted(reply: Vec<u8>) -> Line {
    proxy(Stage::Request, reply)
}

/// A server of such a chain: it plays the request to the last proxy, and goes on with `then`.
pub(crate) fn server<T: Send + 'static>(
    hops: &[Hop],
    request: Vec<Line>,
    then: impl FnOnce(&mut Wire<&TcpStream>) -> T + Send + 'static,
) -> Server<T> {
    let hops = hops.to_vec();
    Server::start(Vec::new(), move |client| {
        let mut wire = Wire::new(client);
        serve(&hops, &mut wire).expect("the proxies' part");
        play(&mut wire, &request).expect("the request");
        then(&mut wire)
    })
}

/// The lines of a CONNECT to the target by the last of these.
pub(crate) fn connection(hops: &[Hop], target: &str) -> Vec<Line> {
    let speaks = hops.last().expect("a proxy").speaks();
    vec![client(speaks.request(1, target)), granted(speaks.granted(BOUND))]
}

/// Echoes all bytes until the client has closed its direction.
pub(crate) fn echo(wire: &mut Wire<&TcpStream>) {
    echo_over(wire);
}

/// The same, over any stream.
pub(crate) fn echo_over(wire: &mut Wire<impl Read + Write>) {
    let mut buf = [0; 4096];
    loop {
        match wire.read(&mut buf).expect("the client's bytes") {
            0 => return,
            n => wire.write_all(&buf[..n]).expect("a client that listens"),
        }
    }
}
