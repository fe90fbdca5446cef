//! A connection with a client: plain bytes at first, and records once TOL is on.

use super::fault::{Action, Carrier, Fault, Point};
use super::judge::{End, Notes};
use super::keys::{Key, mac};
use super::random;
use super::record::{Kind, LONGEST, Record};
use super::server::Shared;
use super::setup::{Dummies, Setup};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::iter;
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The number of dummies of a flood between two pauses: more than a client reads in one poll.
const AT_ONCE: usize = 256;

pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    pub(crate) shared: Arc<Shared>,
    pub(crate) notes: Notes,
    /// The session key, once records are on.
    key: Option<Key>,
    sealer: Sealer,
    /// Bytes of the client: those of an incomplete record, and plain ones that are not read yet.
    sealed: Vec<u8>,
    plain: Vec<u8>,
    /// Plain bytes of the server that have not been sent.
    held: Vec<u8>,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, shared: Arc<Shared>, notes: Notes) -> Self {
        let (key, sealed, plain, held) = (None, Vec::new(), Vec::new(), Vec::new());
        Self { stream, shared, notes, key, sealer: Sealer::new(Carrier::Stream), sealed, plain, held }
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.shared.setup
    }

    pub(crate) const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Everything after this is a record.
    pub(crate) fn switch_records_on(&mut self, key: Key) -> Result<(), End> {
        self.flush()?;
        self.key = Some(key);
        // Bytes that the client sent too early are no records.
        self.sealed = mem::take(&mut self.plain);
        Ok(())
    }

    /// Performs the scripted action of this point, if there is one.
    pub(crate) fn at(&mut self, point: Point) -> Result<(), End> {
        match self.setup().action(point) {
            Some(action) => self.act(action),
            None => Ok(()),
        }
    }

    pub(crate) fn act(&mut self, action: Action) -> Result<(), End> {
        self.flush()?;
        match action {
            Action::Silence => while !self.read()?.is_empty() {},
            Action::Close => self.stream.shutdown(Shutdown::Both)?,
            Action::Reset => SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?,
            Action::Dummies => loop {
                let Some(key) = self.key else { return Err(End::Scripted) };
                for _ in 0..AT_ONCE {
                    let record = dummy(self.setup(), &key);
                    if self.stream.write_all(&record).is_err() {
                        return Err(End::Scripted);
                    }
                }
                // Several floods must leave some of the machine to their clients.
                thread::sleep(Duration::from_millis(1));
            },
        }
        Err(End::Scripted)
    }

    /// Reads the first bytes of a message. The client may close in front of them.
    pub(crate) fn read_start(&mut self, length: usize) -> Result<Vec<u8>, End> {
        if self.plain.is_empty() && !self.fill()? {
            return Err(End::Closed);
        }
        self.read_exact(length)
    }

    /// Reads exactly this number of the client's bytes, inside of a message.
    pub(crate) fn read_exact(&mut self, length: usize) -> Result<Vec<u8>, End> {
        while self.plain.len() < length {
            if !self.fill()? {
                return Err(End::Cut);
            }
        }
        Ok(self.plain.drain(..length).collect())
    }

    /// Reads some of the client's bytes. Returns none at the end of the stream.
    pub(crate) fn read(&mut self) -> Result<Vec<u8>, End> {
        while self.plain.is_empty() && self.fill()? {}
        Ok(mem::take(&mut self.plain))
    }

    /// Judges whether the client waits for its turn: none of its bytes may be there yet.
    pub(crate) fn nothing_early(&mut self) -> Result<(), End> {
        self.stream.set_nonblocking(true)?;
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false)?;
        let early = matches!(peeked, Ok(1..));
        if early && self.key.is_none() || !self.plain.is_empty() {
            return Err(End::Violation("the client speaks before its turn".into()));
        }
        Ok(())
    }

    /// Waits for more of the client's bytes. Returns whether there were any.
    fn fill(&mut self) -> Result<bool, End> {
        self.flush()?;
        loop {
            if let Some(key) = self.key {
                if let Some((record, length)) = Record::decode_stream(&self.sealed, &key)? {
                    self.sealed.drain(..length);
                    let expected = self.setup().tol.expects;
                    if expected.is_some_and(|kind| kind != record.kind) {
                        return Err(End::Violation(format!("a record of {:?}", record.kind)));
                    }
                    if record.message.len() > LONGEST {
                        let length = record.message.len();
                        return Err(End::Violation(format!("a record with a MESSAGE of {length} bytes")));
                    }
                    self.notes.get().records.hear(&record, true)?;
                    if !record.message.is_empty() {
                        self.plain.extend(record.message);
                        return Ok(true);
                    }
                    continue;
                }
            }
            let mut bytes = [0; 16_384];
            let read = match self.stream.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            match self.key {
                _ if read == 0 && !self.sealed.is_empty() => return Err(End::Cut),
                _ if read == 0 => return Ok(false),
                None => {
                    self.plain.extend(&bytes[..read]);
                    return Ok(true);
                }
                Some(_) => self.sealed.extend(&bytes[..read]),
            }
        }
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &[u8]) -> Result<(), End> {
        self.held.extend(message);
        if self.setup().has(&Fault::Glue) { Ok(()) } else { self.flush() }
    }

    pub(crate) fn flush(&mut self) -> Result<(), End> {
        let plain = mem::take(&mut self.held);
        let Some(key) = self.key else { return self.write(&plain) };
        for message in plain.chunks(self.setup().tol.split) {
            let records = self.sealer.records(&self.shared.setup, message, &key);
            if self.setup().tol.waits {
                wait(self.setup());
            }
            for record in records {
                self.write(&record)?;
            }
            if self.sealer.is_cut(self.setup()) {
                self.act(Action::Close)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let pieces = if self.setup().has(&Fault::Crumbs) { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(pieces) {
            self.stream.write_all(piece)?;
        }
        Ok(())
    }

    /// Sends a number of dummies, if the server sends any.
    pub(crate) fn dummies(&mut self) -> Result<(), End> {
        if let (Some(key), Dummies::Everywhere(number)) = (self.key, self.setup().tol.dummies) {
            self.flush()?;
            for _ in 0..number {
                let record = dummy(self.setup(), &key);
                self.write(&record)?;
            }
        }
        Ok(())
    }

    /// Closes the server's direction.
    pub(crate) fn finish(&mut self) -> Result<(), End> {
        self.flush()?;
        self.dummies()?;
        self.stream.shutdown(Shutdown::Write)?;
        Ok(())
    }
}

/// Makes records, and counts them.
#[derive(Debug)]
pub(crate) struct Sealer {
    carrier: Carrier,
    sent: usize,
}

impl Sealer {
    pub(crate) const fn new(carrier: Carrier) -> Self {
        Self { carrier, sent: 0 }
    }

    /// Returns the sealed record of a message, with the dummies around it.
    pub(crate) fn records(&mut self, setup: &Setup, message: &[u8], key: &Key) -> Vec<Vec<u8>> {
        let around = match setup.tol.dummies {
            Dummies::None => 0,
            Dummies::Everywhere(number) => number,
        };
        let dummies = iter::repeat_n(&b""[..], around);
        dummies
            .clone()
            .chain([message])
            .chain(dummies)
            .map(|message| self.record(setup, message, key))
            .collect()
    }

    fn record(&mut self, setup: &Setup, message: &[u8], key: &Key) -> Vec<u8> {
        let number = self.sent;
        self.sent += 1;
        let mixed = setup.has(&Fault::MixedTypes);
        let kind = if mixed { Kind::ALL[number % Kind::ALL.len()] } else { setup.tol.kind };
        let mut record = Record::new(kind, setup.tol.timing, message);
        if setup.has(&Fault::LongRand) {
            record.rand.resize(255, 0xa5);
        }
        let mut sealed = match self.carrier {
            Carrier::Stream => record.encode_stream(key),
            Carrier::Relay => record.encode_datagram(key),
        };
        for fault in &setup.faults {
            match fault {
                Fault::WrongSig(carrier, wrong) if (*carrier, *wrong) == (self.carrier, number) => {
                    sealed[0] ^= 1;
                }
                Fault::RecordType(carrier, wrong, kind) if (*carrier, *wrong) == (self.carrier, number) => {
                    sealed[2] = *kind;
                    let sig = mac(key, &[&sealed[2..]]);
                    sealed[..2].copy_from_slice(&sig[..2]);
                }
                Fault::CutRecord(wrong, length) if *wrong == number && self.carrier == Carrier::Stream => {
                    sealed.truncate(*length);
                }
                Fault::CutRecord(wrong, _) if *wrong < number && self.carrier == Carrier::Stream => {
                    sealed.clear();
                }
                _ => {}
            }
        }
        sealed
    }

    /// Whether a record was cut, so that the stream has to end.
    fn is_cut(&self, setup: &Setup) -> bool {
        setup.faults.iter().any(|fault| matches!(fault, Fault::CutRecord(cut, _) if *cut < self.sent))
    }
}

/// A dummy of the server, for a stream.
pub(crate) fn dummy(setup: &Setup, key: &Key) -> Vec<u8> {
    Record::new(setup.tol.kind, setup.tol.timing, b"").encode_stream(key)
}

/// Waits as the server announces.
fn wait(setup: &Setup) {
    let timing = setup.tol.timing;
    if setup.tol.kind.announces_timing() {
        let pause = random::between(timing.least.into(), timing.most.into());
        thread::sleep(Duration::from_millis(pause));
    }
}
