//! A reply of SOCKS4: eight bytes, with the code in the second.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::established::{Established, ProtocolVersion};
use crate::protocol::reply::Reply;
use crate::protocol::reply_reader::ReplyReader;
use crate::protocol::wire;
use crate::trace;

const LEN: u8 = 8;

/// The received part of a reply.
#[derive(Debug)]
pub struct Reader {
    stage: Stage,
    bytes: [u8; LEN as usize],
    /// One byte, because every pending handshake keeps it.
    received: u8,
}

impl Reader {
    /// Creates a reader of the reply that ends this stage.
    pub(crate) const fn new(stage: Stage) -> Self {
        Self { stage, bytes: [0; LEN as usize], received: 0 }
    }
}

impl ReplyReader for Reader {
    fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[usize::from(self.received)..]
    }

    fn filled(&mut self, n: usize) {
        // At most the length of the room.
        self.received += u8::try_from(n).unwrap_or(LEN);
    }

    fn is_granted(&mut self) -> Result<bool, Error> {
        let failed = |kind| {
            trace::received(self.stage, self.received.into());
            Err(Error::new(self.stage, kind))
        };
        if self.received == 0 {
            return Ok(false);
        }
        match self.bytes[0] {
            // The specification says VN 0. A few servers send 4.
            0 | 4 => {}
            first => return failed(ErrorKind::NotSocks { first }),
        }
        let code = Reply::V4(self.bytes[1]);
        if self.received >= 2 && code != Reply::GRANTED {
            return failed(ErrorKind::Refused(code));
        }
        let granted = self.received == LEN;
        if granted {
            trace::received(self.stage, LEN.into());
        }
        Ok(granted)
    }

    fn take(&mut self) -> Established {
        let [_, _, hi, lo, a, b, c, d] = self.bytes;
        Established {
            bound: Address::Ip(wire::socket_addr_v4([a, b, c, d, hi, lo])),
            negotiated: None,
            version: ProtocolVersion::V4,
        }
    }

    fn received(&self) -> usize {
        self.received.into()
    }
}
