//! A proxy that accepts GSS-API and grants each request.

use crate::kerberos::Files;
use anysocks_gssapi::{Context, ServiceKeys};
use std::io::{Read, Result, Write};

const GREETING: &[u8] = &[5, 1, 1];
const SELECTION: [u8; 2] = [5, 1];
const CONTEXT: u8 = 1;
const LEVEL: u8 = 2;
const DATA: u8 = 3;
const REPLY: &[u8] = b"\x05\0\0\x01\0\0\0\0\0\0";

/// VER, MTYP and LEN.
const HEADER: usize = 4;

pub(crate) struct Service {
    context: Context,
    received: Vec<u8>,
    is_greeted: bool,
    is_granted: bool,
    is_confidential: bool,
}

impl Service {
    pub(crate) fn new(files: &Files) -> Result<Self> {
        Ok(Self {
            context: Context::accept(&ServiceKeys::from_keytab(&files.service_keytab())?)?,
            received: Vec::new(),
            is_greeted: false,
            is_granted: false,
            is_confidential: false,
        })
    }

    /// Whether the request was granted.
    pub(crate) fn is_granted(&self) -> bool {
        self.is_granted
    }

    /// Takes bytes of the client's handshake, and appends the answers.
    pub(crate) fn answer(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Result<()> {
        self.received.extend_from_slice(bytes);
        if !self.is_greeted && self.received.starts_with(GREETING) {
            self.is_greeted = true;
            self.received.drain(..GREETING.len());
            answers.extend(SELECTION);
        }
        while let Some((mtyp, token)) = self.next_message() {
            let mut answer = Vec::new();
            if mtyp == CONTEXT {
                answer = self.context.step(&token)?.unwrap_or_default();
            } else {
                let mut plain = Vec::new();
                self.is_confidential = self.context.unwrap(&token, &mut plain)?.confidential;
                self.is_granted = mtyp == DATA;
                let content = if mtyp == LEVEL { &plain } else { REPLY };
                self.context.wrap(self.is_confidential, content, &mut answer)?;
            }
            message(mtyp, &answer, answers);
        }
        Ok(())
    }

    fn next_message(&mut self) -> Option<(u8, Vec<u8>)> {
        let &[_, mtyp, high, low] = self.received.first_chunk().filter(|_| self.is_greeted)?;
        let end = HEADER + usize::from(u16::from_be_bytes([high, low]));
        let token = self.received.get(HEADER..end)?.to_vec();
        self.received.drain(..end);
        Some((mtyp, token))
    }

    /// Appends a frame of this content.
    pub(crate) fn seal(&mut self, content: &[u8], frames: &mut Vec<u8>) -> Result<()> {
        let mut token = Vec::new();
        self.context.wrap(self.is_confidential, content, &mut token)?;
        message(DATA, &token, frames);
        Ok(())
    }

    /// Answers the client's handshake over a stream.
    pub(crate) fn serve(&mut self, stream: &mut (impl Read + Write)) -> Result<()> {
        let (mut buf, mut answers) = ([0; 4096], Vec::new());
        while !self.is_granted {
            let n = stream.read(&mut buf)?;
            answers.clear();
            self.answer(&buf[..n], &mut answers)?;
            stream.write_all(&answers)?;
        }
        Ok(())
    }
}

fn message(mtyp: u8, token: &[u8], out: &mut Vec<u8>) {
    let len = u16::try_from(token.len()).expect("a token that fits");
    out.extend([1, mtyp]);
    out.extend(len.to_be_bytes());
    out.extend_from_slice(token);
}

/// Reads a frame, and leaves it closed.
pub(crate) fn skip_frame(stream: &mut impl Read, buf: &mut Vec<u8>) -> Result<()> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    buf.resize(usize::from(u16::from_be_bytes([header[2], header[3]])), 0);
    stream.read_exact(buf)
}
