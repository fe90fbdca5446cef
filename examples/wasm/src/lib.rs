//! A handshake in WebAssembly, without `wasm-bindgen`. The host has the socket, and this module has
//! the conversation, one at a time. `main.mjs` is a host for node.
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

/// What [`next`] returns if the handshake can't continue.
const FAILED: i32 = i32::MIN;

struct Handshake {
    request: Option<Socks5<'static>>,
    /// The bytes that host and module exchange.
    buffer: Vec<u8>,
}

impl Handshake {
    /// Begins a handshake. The target is in the buffer.
    fn begin(&mut self) -> Result<(), Box<dyn Error>> {
        // If the target can't be used, there is no handshake, also none from before.
        self.request = None;
        let target = String::from_utf8_lossy(&self.buffer).into_owned();
        self.request = Some(Socks5::connect(&AUTH, Target::try_from(target)?)?);
        Ok(())
    }

    /// Returns the next operation of the host.
    fn next(&mut self) -> Result<i32, Box<dyn Error>> {
        let request = self.request.as_mut().ok_or(NOT_BEGUN)?;
        match request.step(&mut Scratch::new()) {
            Step::Write(bytes) => {
                self.buffer = bytes.to_vec();
                return Ok(length(bytes));
            }
            // The conversation is over, and `report` returns why.
            Step::Read([]) => {}
            Step::Read(room) => return Ok(-length(room)),
            Step::Done(established) => {
                self.buffer = established.bound.to_string().into();
                return Ok(0);
            }
        }
        request.report(Ok(0))?;
        Err("the handshake is over".into())
    }

    /// Reports that the host has written so many bytes, or read them into the buffer.
    fn moved(&mut self, bytes: usize) -> Result<(), Box<dyn Error>> {
        let request = self.request.as_mut().ok_or(NOT_BEGUN)?;
        if let Step::Read(room) = request.step(&mut Scratch::new()) {
            // `report` refuses a number that is more than the room.
            if let Some(room) = room.get_mut(..bytes) {
                let read = self.buffer.get(..bytes);
                room.copy_from_slice(read.ok_or_else(|| too_short(&self.buffer, bytes))?);
            }
        }
        Ok(request.report(Ok(bytes))?)
    }
}

const NOT_BEGUN: &str = "no handshake has begun";

fn too_short(buffer: &[u8], bytes: usize) -> String {
    format!("{bytes} bytes were read, but the buffer has {} bytes", buffer.len())
}

fn length(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).unwrap_or(i32::MAX)
}

/// Calls `work` and returns its result. If it fails, the text of its error is then in the buffer,
/// and the result is `failed`.
fn call(failed: i32, work: impl FnOnce(&mut Handshake) -> Result<i32, Box<dyn Error>>) -> i32 {
    HANDSHAKE.with_borrow_mut(|handshake| {
        work(handshake).unwrap_or_else(|error| {
            handshake.buffer = format!("{error:#}").into();
            failed
        })
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
    call(1, |handshake| handshake.begin().map(|()| 0))
}

/// Returns the next operation of the host.
///
/// | returned | operation |
/// |---|---|
/// | a positive number | write so many bytes, those in the buffer |
/// | a negative number | read at most so many bytes |
/// | 0 | none: the stream is the tunnel. BND.ADDR is in the buffer |
/// | -2147483648 | none: no handshake has begun, or it has ended. The error is in the buffer |
#[unsafe(no_mangle)]
pub extern "C" fn next() -> i32 {
    call(FAILED, Handshake::next)
}

/// Reports that the host has written so many bytes, or read them into the buffer. At the end of the
/// stream, that is 0. Returns 0, or 1 for an error, such as a number that is more than the step
/// or the buffer has.
#[unsafe(no_mangle)]
pub extern "C" fn moved(bytes: usize) -> i32 {
    call(1, |handshake| handshake.moved(bytes).map(|()| 0))
}

/// Uses the rest of what this target has, without a host. Returns 0, or 1 for an error.
#[unsafe(no_mangle)]
pub extern "C" fn check() -> i32 {
    call(1, |_| values::check().map(|()| 0))
}
