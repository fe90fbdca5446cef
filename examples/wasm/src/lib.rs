//! A handshake in WebAssembly, without `wasm-bindgen`. The host has the socket, and this module has
//! the conversation. `main.mjs` is a host for node.
//!
//! `examples/wasm/run`

mod values;

use anysocks::protocol::{Conversation, Scratch, Socks5, Step};
use anysocks::{Auth, Target};
use std::cell::RefCell;
use std::error::Error;
use std::sync::LazyLock;

static AUTH: LazyLock<Auth> = LazyLock::new(Auth::none);

thread_local! {
    static HANDSHAKE: RefCell<Handshake> = const { RefCell::new(Handshake { request: None, buffer: Vec::new() }) };
}

struct Handshake {
    request: Option<Socks5<'static>>,
    /// The bytes that host and module exchange.
    buffer: Vec<u8>,
}

impl Handshake {
    /// Begins a handshake. The target is in the buffer.
    fn begin(&mut self) -> Result<(), anysocks::Error> {
        let target = String::from_utf8_lossy(&self.buffer).into_owned();
        self.request = Some(Socks5::connect(&AUTH, Target::try_from(target)?)?);
        Ok(())
    }

    /// Returns the next operation of the host.
    fn next(&mut self) -> i32 {
        let Some(request) = &mut self.request else { return 0 };
        let mut scratch = Scratch::new();
        match request.step(&mut scratch) {
            Step::Write(bytes) => {
                self.buffer = bytes.to_vec();
                length(bytes)
            }
            Step::Read(room) => -length(room),
            Step::Done(established) => {
                self.buffer = established.bound.to_string().into();
                0
            }
        }
    }

    /// Reports that the host has written so many bytes, or read them into the buffer.
    fn moved(&mut self, bytes: usize) -> Result<(), anysocks::Error> {
        let Some(request) = &mut self.request else { return Ok(()) };
        let mut scratch = Scratch::new();
        if let Step::Read(room) = request.step(&mut scratch) {
            room[..bytes].copy_from_slice(&self.buffer[..bytes]);
        }
        request.report(Ok(bytes))
    }
}

fn length(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).unwrap_or(i32::MAX)
}

/// Calls `work`. Returns 0, or 1 for an error, whose text is then in the buffer.
fn call<E: Into<Box<dyn Error>>>(work: impl FnOnce(&mut Handshake) -> Result<(), E>) -> i32 {
    HANDSHAKE.with_borrow_mut(|handshake| match work(handshake) {
        Ok(()) => 0,
        Err(error) => {
            handshake.buffer = format!("{:#}", error.into()).into();
            1
        }
    })
}

/// Makes the buffer `length` bytes long, and returns its address.
#[unsafe(no_mangle)]
pub extern "C" fn buffer(length: usize) -> *mut u8 {
    HANDSHAKE.with_borrow_mut(|handshake| {
        handshake.buffer.resize(length, 0);
        handshake.buffer.as_mut_ptr()
    })
}

/// Returns the length of the buffer.
#[unsafe(no_mangle)]
pub extern "C" fn length_of_buffer() -> usize {
    HANDSHAKE.with_borrow(|handshake| handshake.buffer.len())
}

/// Begins a handshake with the target in the buffer, `host:port`. Returns 0, or 1 for an error.
#[unsafe(no_mangle)]
pub extern "C" fn begin() -> i32 {
    call(Handshake::begin)
}

/// Returns the next operation of the host.
///
/// | returned | operation |
/// |---|---|
/// | a positive number | write so many bytes, those in the buffer |
/// | a negative number | read at most so many bytes |
/// | 0 | none: the stream is the tunnel. BND.ADDR is in the buffer |
#[unsafe(no_mangle)]
pub extern "C" fn next() -> i32 {
    HANDSHAKE.with_borrow_mut(Handshake::next)
}

/// Reports that the host has written so many bytes, or read them into the buffer. At the end of the
/// stream, that is 0. Returns 0, or 1 for an error.
#[unsafe(no_mangle)]
pub extern "C" fn moved(bytes: usize) -> i32 {
    call(|handshake| handshake.moved(bytes))
}

/// Uses the rest of what this target has, without a host. Returns 0, or 1 for an error.
#[unsafe(no_mangle)]
pub extern "C" fn check() -> i32 {
    call(|_| values::check())
}
