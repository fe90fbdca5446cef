//! Counts what a client does.

use crate::handshakes::client::Client;
use crate::handshakes::fate::fate;
use crate::handshakes::script::{GRANTED, Script};
use crate::request::{self, Login};
use allocation_counter::measure;
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The destination's first bytes, in the segment of the proxy's reply.
pub(crate) const BANNER: &[u8] = b"220 ready\r\n";
/// A grant with one unusual byte: a code that RFC 1928 does not assign, or a reserved byte that is
/// not zero.
pub(crate) const UNASSIGNED: [u8; 10] = with(1, 0x09);
pub(crate) const NOT_RESERVED: [u8; 10] = with(2, 1);
/// A refusal that ends after its code, and one whose address has an unknown type.
pub(crate) const CUT: [u8; 2] = [5, REFUSAL];
pub(crate) const ODD_ADDRESS: [u8; 10] = [5, REFUSAL, 0, 9, 0, 0, 0, 0, 0, 0];
/// Connection refused.
const REFUSAL: u8 = 5;
/// What is written at once into the tunnel.
pub(crate) const SLICE: [u8; 1024] = [0; 1024];
pub(crate) const SLICES: usize = 16;

const fn with(at: usize, byte: u8) -> [u8; 10] {
    let mut reply = GRANTED;
    reply[at] = byte;
    reply
}

/// All measurements of one client. `None` is for those that can't be counted.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) writes: Option<usize>,
    pub(crate) reads: Option<usize>,
    pub(crate) sent: usize,
    pub(crate) allocations: u64,
    pub(crate) allocated: u64,
    /// Bytes of the pending handshake: in its future, and on the heap.
    pub(crate) future: Option<usize>,
    pub(crate) heap: Option<usize>,
    pub(crate) banner: &'static str,
    pub(crate) vectored: String,
    pub(crate) unassigned: String,
    pub(crate) not_reserved: String,
    pub(crate) cut: String,
    pub(crate) odd_address: String,
}

impl Column {
    pub(crate) fn pending(&self) -> Option<usize> {
        Some(self.future? + self.heap?)
    }
}

pub(crate) fn column<C: Client<Script>>(login: Option<Login>) -> Column {
    let mut client = C::new(login);
    // The first one, which may set up what stays, is not counted.
    finish(pin!(client.handshake(Script::new(login, &GRANTED)))).expect("a tunnel");

    let script = Script::new(login, &GRANTED);
    let (counted, tunnel) = counted(client.handshake(script.clone()));
    let mut tunnel = tunnel.expect("a tunnel");
    let (writes, reads, sent) = {
        let state = script.state();
        assert!(state.said.ends_with(&request::encoded()), "{} asks for something else", C::NAME);
        (state.writes, state.reads, state.said.len())
    };
    Column {
        name: C::NAME,
        writes: Some(writes),
        reads: Some(reads),
        sent,
        allocations: counted.count_total,
        allocated: counted.bytes_total,
        future: Some(client.future()),
        heap: Some(heap(&mut client, login)),
        banner: banner(&mut client, login),
        vectored: vectored(&mut tunnel, &script),
        unassigned: fate(|| finish(pin!(client.handshake(Script::new(login, &UNASSIGNED))))),
        not_reserved: fate(|| finish(pin!(client.handshake(Script::new(login, &NOT_RESERVED))))),
        cut: fate(|| finish(pin!(client.handshake(Script::new(login, &CUT))))),
        odd_address: fate(|| finish(pin!(client.handshake(Script::new(login, &ODD_ADDRESS))))),
    }
}

fn counted<F: Future>(future: F) -> (allocation_counter::AllocationInfo, F::Output) {
    let mut future = pin!(future);
    let mut output = None;
    let counted = measure(|| output = Some(finish(future.as_mut())));
    (counted, output.expect("it is finished"))
}

/// What the handshake has allocated, and not freed, when it waits for the proxy's last message.
fn heap<C: Client<Script>>(client: &mut C, login: Option<Login>) -> usize {
    let script = Script::held(login);
    let mut future = pin!(client.handshake(script.clone()));
    let counted = measure(|| while !script.state().waited_for && poll(future.as_mut()).is_pending() {});
    assert!(script.state().waited_for, "{} does not wait for the reply", C::NAME);
    usize::try_from(counted.bytes_current).expect("it frees what it has allocated itself")
}

fn banner<C: Client<Script>>(client: &mut C, login: Option<Login>) -> &'static str {
    let script = Script::new(login, &[&GRANTED, BANNER].concat());
    let mut tunnel = finish(pin!(client.handshake(script))).expect("a tunnel");
    let mut first = [0; BANNER.len()];
    match finish(pin!(tunnel.read_exact(&mut first))) {
        Ok(_) if first == BANNER => "kept",
        _ => "lost",
    }
}

fn vectored(tunnel: &mut (impl AsyncWriteExt + Unpin), script: &Script) -> String {
    let count = || {
        let state = script.state();
        (state.said.len(), state.writes)
    };
    let (said, writes) = count();
    finish(pin!(tunnel.write_vectored(&[IoSlice::new(&SLICE); SLICES]))).expect("a write");
    let (said_then, writes_then) = count();
    arrived(said_then - said, writes_then - writes)
}

/// What the stream inside got of the vectored write, and in how many calls.
pub(crate) fn arrived(bytes: usize, calls: usize) -> String {
    const ALL: usize = SLICES * SLICE.len();
    match (bytes, calls) {
        (ALL, 1) => "whole".into(),
        (ALL, _) => format!("in {calls} calls"),
        _ => format!("{bytes} bytes of it"),
    }
}

/// The scripts wake no task: a pending future has woken itself, or hangs.
pub(super) fn finish<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    for _ in 0..1000 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
    panic!("the client hangs");
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
