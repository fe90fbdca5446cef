//! A stream of anysocks over loopback TCP. The peer writes before the stream is read, and reads
//! after it was written.

use crate::flow::{Direction, Plan, TARGET, Way};
use crate::kerberos::Files;
use crate::pair::pair;
use crate::service::{Service, skip_frame};
use anysocks::blocking::Socks5Stream;
use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::thread;

pub(crate) struct OverTcp {
    plan: Plan,
    stream: Socks5Stream,
    /// A byte to the peer asks for a portion to be moved, and one from it reports that it was.
    signals: TcpStream,
    buf: Vec<u8>,
}

impl OverTcp {
    pub(crate) fn new(files: &Files, plan: Plan) -> Result<Self> {
        let (client, server) = pair()?;
        let (signals, peers_signals) = pair()?;
        let service = Service::new(files)?;
        thread::spawn(move || peer(server, peers_signals, service, plan));
        let stream = Socks5Stream::handshake(client, &plan.auth(files), TARGET)?;
        Ok(Self { plan, stream, signals, buf: Vec::new() })
    }

    fn peer_moves(&mut self, direction: Direction) -> Result<()> {
        if self.plan.direction != direction {
            return Ok(());
        }
        self.signals.write_all(&[0])?;
        self.signals.read_exact(&mut [0])
    }
}

impl Way for OverTcp {
    fn before(&mut self) -> Result<()> {
        self.peer_moves(Direction::Read)
    }

    fn move_portion(&mut self) -> Result<()> {
        self.plan.move_through(&mut self.stream, &mut self.buf)
    }

    fn after(&mut self) -> Result<()> {
        self.peer_moves(Direction::Write)
    }
}

fn peer(mut stream: TcpStream, mut signals: TcpStream, mut service: Service, plan: Plan) -> Result<()> {
    service.serve(&mut stream)?;
    let mut buf = Vec::new();
    loop {
        signals.read_exact(&mut [0])?;
        buf.clear();
        if plan.direction == Direction::Read {
            plan.contents().try_for_each(|content| service.seal(content, &mut buf))?;
            stream.write_all(&buf)?;
        } else {
            plan.contents().try_for_each(|_| skip_frame(&mut stream, &mut buf))?;
        }
        signals.write_all(&[0])?;
    }
}
