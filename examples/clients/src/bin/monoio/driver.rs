//! A driver for monoio, to copy. It dials a proxy, runs the handshake with buffers that the kernel
//! may own, and returns monoio's own stream.

use anysocks::protocol::{Conversation, Scratch, Step};
use anysocks::{AnyVersion, Endpoint, Error, ErrorKind, IntoTarget, Proxy, Stage, Version};
use monoio::io::{AsyncReadRent, AsyncWriteRent};
use monoio::net::TcpStream;
use monoio::time::{Instant, timeout_at};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Connects to the target through the proxy. The proxy resolves names.
///
/// `Proxy::timeout` limits dialling and handshake together. The runtime needs its timer for that.
/// Other options of sockets do not apply.
pub(crate) async fn connect<'t>(proxy: &Proxy, target: impl IntoTarget<'t>) -> Result<TcpStream, Error> {
    let target = target.into_target()?.into_owned();
    let mut request = AnyVersion::connect(proxy.protocol(), target)?;
    let deadline = proxy.limit().and_then(|limit| Instant::now().checked_add(limit));
    let mut stream = match within(deadline, dial(proxy)).await {
        Some(dialled) => dialled.map_err(|error| Error::io(Stage::Dial, error))?,
        None => return Err(Error::io(Stage::Dial, io::ErrorKind::TimedOut.into())),
    };
    let Some(established) = within(deadline, converse(&mut stream, &mut request)).await else {
        return Err(request.failure(ErrorKind::TimedOut));
    };
    match established?.take_frames() {
        None => Ok(stream),
        // Only a custom METHOD or GSS-API can negotiate one.
        Some(_) => Err(Error::io(Stage::Tunnel, io::Error::other("the stream is encapsulated"))),
    }
}

/// Runs a conversation over any stream of monoio. Nothing beyond its last reply is read.
pub(crate) async fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: AsyncReadRent + AsyncWriteRent,
    C: Conversation,
{
    enum Operation {
        Write(Box<[u8]>),
        Read(usize),
    }
    loop {
        let operation = match conversation.step(&mut Scratch::new()) {
            // Of a password in it, this copy is not wiped.
            Step::Write(bytes) => Operation::Write(bytes.into()),
            Step::Read(room) => Operation::Read(room.len()),
            Step::Done(outcome) => return Ok(outcome),
        };
        let moved = match operation {
            Operation::Write(bytes) => stream.write(bytes).await.0,
            // The conversation is over, and `report` returns why.
            Operation::Read(0) => Ok(0),
            Operation::Read(len) => {
                // As long as the room: a `Vec` may have more capacity, and monoio would fill that.
                let buffer = vec![0; len].into_boxed_slice();
                let (moved, buffer) = match stream.flush().await {
                    Ok(()) => stream.read(buffer).await,
                    Err(error) => (Err(error), buffer),
                };
                // The room is where it was: nothing was reported in between.
                let mut scratch = Scratch::new();
                if let (Ok(len), Step::Read(room)) = (&moved, conversation.step(&mut scratch)) {
                    room[..*len].copy_from_slice(&buffer[..*len]);
                }
                moved
            }
        };
        conversation.report(moved)?;
    }
}

/// Connects to the first address of the proxy that accepts. The lookup of a name blocks the thread,
/// as in monoio's own `TcpStream::connect`.
async fn dial(proxy: &Proxy) -> io::Result<TcpStream> {
    let addrs: Vec<SocketAddr> = match proxy.endpoint() {
        Endpoint::Addr(addr) => vec![*addr],
        Endpoint::Addrs(addrs) => addrs.to_vec(),
        Endpoint::Name(name, port) => (name.as_str(), *port).to_socket_addrs()?.collect(),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let mut failure = io::ErrorKind::NotFound.into();
    for addr in addrs {
        match TcpStream::connect_addr(addr).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Returns the output of `work`, or `None` at the deadline.
async fn within<W: Future>(deadline: Option<Instant>, work: W) -> Option<W::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}
