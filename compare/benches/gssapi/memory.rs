//! A stream of anysocks over memory: what is written is dropped, and what is read was made before.

use crate::flow::{Direction, Plan, TARGET, Way};
use crate::kerberos::Files;
use crate::service::Service;
use anysocks::blocking::Socks5Stream;
use std::cell::RefCell;
use std::io::{Read, Result, Write};
use std::rc::Rc;

pub(crate) struct InMemory {
    plan: Plan,
    stream: Socks5Stream<Memory>,
    memory: Memory,
    buf: Vec<u8>,
}

#[derive(Clone)]
struct Memory(Rc<RefCell<Peer>>);

struct Peer {
    service: Service,
    /// The bytes for the client, from `read` on.
    bytes: Vec<u8>,
    read: usize,
}

impl InMemory {
    pub(crate) fn new(files: &Files, plan: Plan) -> Result<Self> {
        let peer = Peer { service: Service::new(files)?, bytes: Vec::new(), read: 0 };
        let memory = Memory(Rc::new(RefCell::new(peer)));
        let stream = Socks5Stream::handshake(memory.clone(), &plan.auth(files), TARGET)?;
        Ok(Self { plan, stream, memory, buf: Vec::new() })
    }
}

impl Way for InMemory {
    fn before(&mut self) -> Result<()> {
        if self.plan.direction == Direction::Write {
            return Ok(());
        }
        let Peer { service, bytes, read } = &mut *self.memory.0.borrow_mut();
        bytes.clear();
        *read = 0;
        self.plan.contents().try_for_each(|content| service.seal(content, bytes))
    }

    fn move_portion(&mut self) -> Result<()> {
        self.plan.move_through(&mut self.stream, &mut self.buf)
    }

    fn after(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Read for Memory {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let peer = &mut *self.0.borrow_mut();
        let n = (&peer.bytes[peer.read..]).read(buf)?;
        peer.read += n;
        Ok(n)
    }
}

impl Write for Memory {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        let Peer { service, bytes, .. } = &mut *self.0.borrow_mut();
        if !service.is_granted() {
            service.answer(buf, bytes)?;
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
