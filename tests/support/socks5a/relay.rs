//! The UDP relay of an association (RFC 1928 §7). With TOL, each datagram is a record.
//!
//! It returns each payload to the client, as if the destination had sent it.

use super::address::Address;
use super::fault::{Carrier, Fault};
use super::judge::{End, Notes};
use super::keys::Key;
use super::line::{Line, Sealer, dummy};
use super::record::Record;
use super::server::Shared;
use super::setup::Dummies;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the relay checks whether its association has ended.
const CHECK: Duration = Duration::from_millis(20);

pub(crate) struct Relay {
    pub(crate) addr: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub(crate) fn start(line: &Line) -> Result<Self, End> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(CHECK))?;
        let addr = socket.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        line.notes.get().datagrams.start();
        let serving = Serving {
            socket,
            control: line.stream.try_clone()?,
            shared: Arc::clone(&line.shared),
            notes: line.notes.clone(),
            key: line.key().copied(),
            sealer: Sealer::new(Carrier::Relay),
        };
        let flag = Arc::clone(&ended);
        let thread = thread::spawn(move || serving.run(&flag));
        Ok(Self { addr, ended, thread: Some(thread) })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Serving {
    socket: UdpSocket,
    control: TcpStream,
    shared: Arc<Shared>,
    notes: Notes,
    key: Option<Key>,
    sealer: Sealer,
}

impl Serving {
    fn run(mut self, ended: &AtomicBool) {
        let mut buffer = vec![0; 65_536];
        while !ended.load(Ordering::SeqCst) {
            let (length, client) = match self.socket.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    continue;
                }
                Err(_) => return,
            };
            match self.open(&buffer[..length]) {
                Ok(None) => {}
                Ok(Some(datagram)) => self.echo(&datagram, client),
                Err(rule) => {
                    self.notes.get().dropped.push(rule.clone());
                    self.notes.violation(rule);
                }
            }
        }
    }

    /// The datagram of a record, with its header. A dummy has none.
    fn open(&self, bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let Some(key) = &self.key else { return Ok(Some(bytes.into())) };
        let record = Record::decode_datagram(bytes, key)?;
        let tol = &self.shared.setup.tol;
        if tol.expects.is_some_and(|kind| kind != record.kind) {
            return Err(format!("a datagram of {:?}", record.kind));
        }
        self.notes.get().datagrams.hear(&record, tol.datagrams_wait)?;
        Ok((!record.message.is_empty()).then_some(record.message))
    }

    fn echo(&mut self, datagram: &[u8], client: SocketAddr) {
        match payload(datagram) {
            Ok(payload) => self.notes.get().payloads.push(payload.into()),
            Err(rule) => return self.notes.violation(rule),
        }
        let setup = &self.shared.setup;
        for fault in &setup.faults {
            if let Fault::Datagram(bytes) = fault {
                let _ = self.socket.send_to(bytes, client);
            }
        }
        let Some(key) = self.key else {
            let _ = self.socket.send_to(datagram, client);
            return;
        };
        if matches!(setup.tol.dummies, Dummies::Everywhere(_)) && !setup.has(&Fault::Crumbs) {
            // On the control connection too. This and a reply are single writes, except for
            // crumbs.
            let _ = self.control.write_all(&dummy(setup, &key));
        }
        for record in self.sealer.records(setup, datagram, &key) {
            let _ = self.socket.send_to(&record, client);
        }
    }
}

/// The payload behind `RSV(2) | FRAG | ATYP | DST.ADDR | DST.PORT`.
fn payload(datagram: &[u8]) -> Result<&[u8], String> {
    let [0, 0, frag, atyp, rest @ ..] = datagram else {
        return Err("a datagram whose header is cut, or whose RSV is not zero".into());
    };
    if *frag != 0 {
        return Err(format!("a fragment: {frag:02x}"));
    }
    let mut rest = rest;
    let cut = || String::from("a datagram whose address is cut");
    let address = Address::read(*atyp, |length| {
        let (field, behind) = rest.split_at_checked(length).ok_or_else(cut)?;
        rest = behind;
        Ok::<_, String>(field.to_vec())
    })?;
    match address {
        Some((Address::Ip(_) | Address::Name(_), _, rule)) => rule.map(|()| rest),
        _ => Err(format!("a datagram with ATYP {atyp:02x}")),
    }
}
