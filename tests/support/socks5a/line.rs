//! A connection with a client: plain bytes at first, and records once TOL is on.

use super::fault::{Action, Fault, Point};
use super::judge::{End, Notes};
use super::keys::{Key, mac};
use super::random;
use super::record::{Kind, Record};
use super::server::Shared;
use super::setup::{Dummies, Setup};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    pub(crate) shared: Arc<Shared>,
    pub(crate) notes: Notes,
    /// The session key, once records are on.
    key: Option<Key>,
    sealer: Sealer,
    /// Bytes of the client: of a record that is not whole, and plain ones that nobody has read.
    sealed: Vec<u8>,
    plain: Vec<u8>,
    /// Plain bytes of the server that have not been sent.
    held: Vec<u8>,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, shared: Arc<Shared>, notes: Notes) -> Self {
        let (key, sealed, plain, held) = (None, Vec::new(), Vec::new(), Vec::new());
        Self { stream, shared, notes, key, sealer: Sealer::default(), sealed, plain, held }
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
                let dummy = self.sealer.dummy(self.setup());
                if self.stream.write_all(&dummy.encode_stream(&key)).is_err() {
                    return Err(End::Scripted);
                }
            },
        }
        Err(End::Scripted)
    }

    /// Reads exactly this number of the client's bytes.
    pub(crate) fn read_exact(&mut self, length: usize) -> Result<Vec<u8>, End> {
        while self.plain.len() < length {
            if !self.fill()? {
                return Err(if self.plain.is_empty() { End::Closed } else { End::Cut });
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
            let records = self.sealer.records(&self.shared.setup, message);
            if self.setup().tol.waits {
                self.sealer.wait(&self.shared.setup);
            }
            for (number, record) in records {
                let sealed = seal(self.setup(), number, record.encode_stream(&key), &key);
                self.write(&sealed)?;
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
                let dummy = self.sealer.dummy(self.setup()).encode_stream(&key);
                self.write(&dummy)?;
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
#[derive(Debug, Default)]
pub(crate) struct Sealer {
    sent: usize,
}

impl Sealer {
    /// The record of a message, with the dummies around it and their numbers.
    pub(crate) fn records(&mut self, setup: &Setup, message: &[u8]) -> Vec<(usize, Record)> {
        let around = match setup.tol.dummies {
            Dummies::None => 0,
            Dummies::Everywhere(number) => number,
        };
        let kind = setup.tol.kind;
        let record = Record::new(kind, setup.tol.timing, message);
        let mut records: Vec<_> = (0..around).map(|_| self.dummy(setup)).collect();
        records.push(record);
        records.extend((0..around).map(|_| self.dummy(setup)));
        let first = self.sent;
        self.sent += records.len();
        (first..).zip(records).collect()
    }

    pub(crate) fn dummy(&self, setup: &Setup) -> Record {
        Record::new(setup.tol.kind, setup.tol.timing, b"")
    }

    /// Waits as the server announces.
    pub(crate) fn wait(&self, setup: &Setup) {
        let timing = setup.tol.timing;
        if setup.tol.kind.announces_timing() {
            let pause = random::between(timing.least.into(), timing.most.into());
            thread::sleep(Duration::from_millis(pause));
        }
    }
}

/// Applies the faults of the record of this number.
pub(crate) fn seal(setup: &Setup, number: usize, mut record: Vec<u8>, key: &Key) -> Vec<u8> {
    for fault in &setup.faults {
        match fault {
            Fault::WrongSig(wrong) if *wrong == number => record[0] ^= 1,
            Fault::RecordType(wrong, kind) if *wrong == number => {
                record[2] = *kind;
                let sig = mac(key, &[&record[2..]]);
                record[..2].copy_from_slice(&sig[..2]);
            }
            _ => {}
        }
    }
    record
}
