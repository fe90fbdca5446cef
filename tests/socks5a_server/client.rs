//! A client without a protocol: the test decides which bytes it sends.

use crate::case::limit_test;
use crate::socks5a::{Entry, Keys, Kind, Message, Record, Server, Timing};
use std::io::{ErrorKind, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, SystemTime};

/// The psk of the server's default setup.
pub(crate) const PSK: [u8; 32] =
    *b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20!\"#$%&'()*+,-./";
pub(crate) const TOKEN: &[u8] = b"\x05\x00\x07tok-123";
pub(crate) const CONNECT: &[u8] = b"\x05\x01\x00\x03\x01a\x00\x50";
pub(crate) const GRANTED: &[u8] = b"\x05\x00\x00\x01\xc0\x00\x02\x01\x04\x38";

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    key: Option<[u8; 32]>,
    sealed: Vec<u8>,
    plain: Vec<u8>,
    /// The records of the server that were dummies.
    pub(crate) dummies: usize,
}

impl Client {
    pub(crate) fn new(server: &Server) -> Self {
        limit_test();
        let stream = TcpStream::connect(server.addr).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        Self { stream, key: None, sealed: Vec::new(), plain: Vec::new(), dummies: 0 }
    }

    /// Offers this METHOD, which the server selects.
    pub(crate) fn select(server: &Server, method: u8) -> Self {
        let mut client = Self::new(server);
        client.send(&[5, 1, method]);
        client.expect(&[5, method]);
        client
    }

    /// Negotiates EAF with these fields, up to the first message of the server.
    pub(crate) fn authenticate(server: &Server, auth: &[u8], metadata: &[Entry]) -> Self {
        let mut client = Self::select(server, 0x80);
        client.send(&[1]);
        client.expect(&[1]);
        client.eaf(auth, metadata);
        client
    }

    /// Sends an EAF message.
    pub(crate) fn eaf(&mut self, auth: &[u8], metadata: &[Entry]) {
        let message = Message { auth: auth.into(), metadata: Entry::encode_all(metadata) };
        self.send(&message.encode(&Keys::of(&PSK).client));
    }

    /// Switches records on.
    pub(crate) fn records(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self.sealed = mem::take(&mut self.plain);
        self.open(key);
        self
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        match self.key {
            None => self.stream.write_all(bytes).expect("a server that reads"),
            Some(_) => self.record(&Record::new(Kind::None, Timing::default(), bytes)),
        }
    }

    pub(crate) fn record(&mut self, record: &Record) {
        let sealed = record.encode_stream(&self.key.expect("records are on"));
        self.stream.write_all(&sealed).expect("a server that reads");
    }

    /// The bytes of an incomplete record.
    pub(crate) fn unopened(&self) -> &[u8] {
        &self.sealed
    }

    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        while self.plain.len() < length {
            assert!(self.fill(), "the server closed after {:02x?}", self.plain);
        }
        self.plain.drain(..length).collect()
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: &[u8]) {
        assert_eq!(self.read(bytes.len()), bytes);
    }

    /// Sends a request and reads the reply.
    #[track_caller]
    pub(crate) fn request(&mut self, request: &[u8], reply: &[u8]) {
        self.send(request);
        self.expect(reply);
    }

    /// Closes this direction, and returns the rest of the server's bytes.
    pub(crate) fn close(&mut self) -> Vec<u8> {
        let _ = self.stream.shutdown(Shutdown::Write);
        self.rest()
    }

    /// All bytes of the server until it closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        mem::take(&mut self.plain)
    }

    fn fill(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = match self.stream.read(&mut bytes) {
            // The server closes with bytes of the client unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            read => read.expect("bytes or the end of the stream"),
        };
        match self.key {
            None => self.plain.extend(&bytes[..read]),
            Some(key) => {
                self.sealed.extend(&bytes[..read]);
                self.open(key);
            }
        }
        read > 0
    }

    fn open(&mut self, key: [u8; 32]) {
        while let Some((record, length)) = Record::decode_stream(&self.sealed, &key).expect("a record") {
            self.sealed.drain(..length);
            self.dummies += usize::from(record.message.is_empty());
            self.plain.extend(record.message);
        }
    }
}

/// The metadata of a sound first message.
pub(crate) fn metadata(capabilities: u32, nonce: u8) -> Vec<Entry> {
    vec![Entry::new(2, capabilities.to_be_bytes()), context(nonce)]
}

/// A sound authentication context.
pub(crate) fn context(nonce: u8) -> Entry {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    Entry::context(now.as_secs(), [nonce; 16])
}
