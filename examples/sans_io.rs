//! A custom driver: several handshakes at a time on one thread, over mio, with the public API
//! alone.
//!
//! `cargo run --example sans_io`

mod local;

use anysocks::protocol::{Conversation, Established, Scratch, Socks5, Step};
use anysocks::{Auth, Target};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::error::Error;
use std::io::{self, Read, Write};
use std::time::Duration;

const CONNECTIONS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let proxy = local::proxy()?;
    let target = Target::try_from(local::website()?)?;
    let auth = Auth::none();

    let mut poll = Poll::new()?;
    let mut handshakes = Vec::new();
    for token in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(proxy)?;
        poll.registry().register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        handshakes.push(Some((stream, Socks5::connect(&auth, target.borrowed())?)));
    }

    let mut events = Events::with_capacity(CONNECTIONS);
    while handshakes.iter().any(Option::is_some) {
        poll.poll(&mut events, Some(Duration::from_secs(10)))?;
        if events.is_empty() {
            return Err("the proxy does not answer".into());
        }
        for event in &events {
            let Token(token) = event.token();
            let Some((stream, talk)) = &mut handshakes[token] else { continue };
            if let Some(established) = go_on(stream, talk)? {
                println!("connection {token} is established; the proxy bound {}", established.bound);
                handshakes[token] = None;
            }
        }
    }
    Ok(())
}

/// Continues until the socket would block, and returns the outcome of a finished handshake.
fn go_on(stream: &mut TcpStream, talk: &mut Socks5<'_>) -> Result<Option<Established>, anysocks::Error> {
    loop {
        let mut scratch = Scratch::new();
        let moved = match talk.step(&mut scratch) {
            Step::Write(bytes) => stream.write(bytes),
            Step::Read([]) => Ok(0),
            Step::Read(buf) => stream.read(buf),
            Step::Done(established) => return Ok(Some(established)),
        };
        match moved {
            // mio reports when to continue, and the conversation keeps its state until then. A
            // socket that is still connecting returns `NotConnected`.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(None),
            moved => talk.report(moved)?,
        }
    }
}
