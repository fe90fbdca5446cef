//! A driver for monoio, to copy. It dials a proxy, runs the handshake with buffers that the kernel
//! may own, and returns monoio's own stream.

use anysocks::protocol::{Conversation, Scratch, Step};
use anysocks::{AnyVersion, Endpoint, Error, ErrorKind, IntoTarget, Invalid, Proxy, Stage, Version};
use monoio::io::{AsyncReadRent, AsyncWriteRent};
use monoio::net::TcpStream;
use monoio::time::{Instant, timeout_at};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Connects to the target through the proxy. The proxy resolves the target's name.
///
/// `Proxy::timeout` limits dialling and handshake together. The runtime needs its timer for that.
///
/// Some settings of a `Proxy` do not apply:
///
/// - `Proxy::resolve`: the proxy receives the target's name also with `Resolve::Locally`, which is
///   the setting of `socks4://` and `socks5://`.
/// - `Proxy::resolver` and `Proxy::family`: the system's resolver looks the proxy's name up. This
///   blocks the thread, and the timeout does not cover it. For another resolver, resolve the name
///   first and make the `Proxy` from its addresses.
/// - Options of sockets: `TCP_NODELAY` is always on, and the others have the system's defaults.
///
/// # Errors
///
/// - `Invalid::TlsNotWrapped`: the proxy is behind TLS. Nothing was dialled. Call [`converse`] over
///   a TLS stream instead.
/// - `Invalid::OnionResolvedLocally`: the proxy's name is below `.onion`. It was not looked up.
/// - `Invalid::MethodNotPrepared`: a METHOD needs preparation, such as GSS-API.
/// - `Unsupported`: the proxy is at a Unix-domain socket.
/// - `Io` at `Stage::Tunnel`: a METHOD negotiated an encapsulation.
/// - Those of the lookup, of dialling and of the handshake.
pub(crate) async fn connect<'t>(proxy: &Proxy, target: impl IntoTarget<'t>) -> Result<TcpStream, Error> {
    if proxy.is_behind_tls() {
        return Err(Invalid::TlsNotWrapped.into());
    }
    let target = target.into_target()?.into_owned();
    let mut request = AnyVersion::connect(proxy.protocol(), target)?;
    let deadline = proxy.limit().and_then(|limit| Instant::now().checked_add(limit));
    let mut stream = match within(deadline, dial(proxy)).await {
        Some(dialled) => dialled?,
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
            // This copy is not wiped, although it may contain a password.
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

/// Connects to the first address of the proxy that accepts. An address that does not answer can use
/// up the whole timeout.
async fn dial(proxy: &Proxy) -> Result<TcpStream, Error> {
    let addrs = match proxy.endpoint() {
        Endpoint::Addr(addr) => vec![*addr],
        Endpoint::Addrs(addrs) => addrs.to_vec(),
        Endpoint::Name(name, port) => look_up(name.as_str(), *port)?,
        _ => return Err(Error::io(Stage::Dial, io::ErrorKind::Unsupported.into())),
    };
    let mut failure = io::ErrorKind::NotFound.into();
    for addr in addrs {
        match open(addr).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = io::Error::new(error.kind(), format!("{addr}: {error}")),
        }
    }
    Err(Error::io(Stage::Dial, failure))
}

async fn open(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_addr(addr).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Looks a name up by the system's resolver, which blocks the thread. monoio's own
/// `TcpStream::connect` does the same.
fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    // DNS must not receive such a name (RFC 7686).
    let last = name.trim_end_matches('.').rsplit_once('.').map(|(_, last)| last);
    if last.is_some_and(|last| last.eq_ignore_ascii_case("onion")) {
        return Err(Invalid::OnionResolvedLocally.into());
    }
    let found = (name, port).to_socket_addrs();
    found.map(Iterator::collect).map_err(|error| Error::io(Stage::Resolve, error))
}

/// Returns the output of `work`, or `None` at the deadline.
async fn within<W: Future>(deadline: Option<Instant>, work: W) -> Option<W::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}
