//! Allocations of a handshake over a socket: none, and one for a name in the reply. Those of the
//! proxy's thread do not count.

use crate::support::case::Case;
use crate::support::dialogue::credentials;
use crate::support::script::{Line, client, proxy};
use crate::support::server::Server;
use anysocks::{Auth, Stage, UserId, blocking};
use std::net::TcpStream;

const TARGET: &str = "a.b:80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";

/// The replies, and how often memory may be taken for them.
fn replies() -> [(&'static [u8], u64); 4] {
    [
        (b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39", 0),
        (b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\x30\x39", 0),
        (b"\x05\x00\x00\x03\x0Dproxy.example\x30\x39", 1),
        (b"\x05\x00\x00\x03\x00\x30\x39", 1),
    ]
}

fn without_authentication(reply: &[u8]) -> (Auth, Vec<Line>) {
    let selection = [client([5, 1, 0]), proxy(Stage::MethodSelection, [5, 0])];
    let request = [client(REQUEST), proxy(Stage::Request, reply)];
    (Auth::none(), [selection, request].concat())
}

fn with_a_password(reply: &[u8]) -> (Auth, Vec<Line>) {
    let selection = [client([5, 2, 0, 2]), proxy(Stage::MethodSelection, [5, 2])];
    let password = [client(*b"\x01\x02me\x03key"), proxy(Stage::Authentication, [1, 0])];
    let request = [client(REQUEST), proxy(Stage::Request, reply)];
    (Auth::password(credentials("me", "key")), [selection, password, request].concat())
}

fn v4() -> (UserId, Vec<Line>) {
    let request = client(*b"\x04\x01\x00\x50\0\0\0\x01me\0a.b\0");
    let lines = vec![request, proxy(Stage::Request, [0, 90, 0x30, 0x39, 192, 0, 2, 7])];
    (UserId::new("me").expect("a user id"), lines)
}

/// A proxy that plays these lines, and a connection to it.
fn connected(lines: Vec<Line>) -> (TcpStream, Server<()>) {
    let server = Server::start(lines, |_| ());
    (TcpStream::connect(server.addr).expect("a connection"), server)
}

/// How often memory was taken on this thread.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let mut done = None;
    let allocations = allocation_counter::measure(|| done = Some(work()));
    (allocations.count_total, done.expect("it was done"))
}

/// Counts while the future is polled; what the runtime does between polls is its own.
#[cfg(feature = "tokio")]
pub(crate) async fn counted_polls<T>(work: impl Future<Output = T>) -> (u64, T) {
    let (mut all, mut work) = (0, std::pin::pin!(work));
    let done = std::future::poll_fn(|cx| {
        let (count, polled) = counted(|| work.as_mut().poll(cx));
        all += count;
        polled
    });
    let done = done.await;
    (all, done)
}

#[test]
fn the_counter_counts() {
    assert_eq!(counted(|| Box::new(1)).0, 1);
    assert_eq!(counted(|| 1).0, 0);
}

#[test]
fn blocking() {
    for exchange in [without_authentication, with_a_password] {
        for (reply, most) in replies() {
            let _case = Case::new(format!("\"{}\"", reply.escape_ascii()));
            let (auth, lines) = exchange(reply);
            let (stream, server) = connected(lines);
            let (count, stream) = counted(|| blocking::Socks5Stream::handshake(stream, &auth, TARGET));
            stream.expect("the tunnel");
            assert!(count <= most, "{count} allocations");
            server.join();
        }
    }
    let (user_id, lines) = v4();
    let (stream, server) = connected(lines);
    let (count, stream) = counted(|| blocking::Socks4Stream::handshake(stream, &user_id, TARGET));
    stream.expect("the tunnel");
    assert_eq!(count, 0);
    server.join();
}

#[cfg(feature = "tokio")]
#[test]
fn tokio() {
    use anysocks::tokio::{Socks4Stream, Socks5Stream};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(async {
        let watched = |stream: TcpStream| {
            stream.set_nonblocking(true).expect("a non-blocking socket");
            tokio::net::TcpStream::from_std(stream).expect("a socket")
        };
        for exchange in [without_authentication, with_a_password] {
            for (reply, most) in replies() {
                let _case = Case::new(format!("\"{}\"", reply.escape_ascii()));
                let (auth, lines) = exchange(reply);
                let (stream, server) = connected(lines);
                // Watching the socket is the runtime's.
                let stream = watched(stream);
                let (made, handshake) = counted(|| Socks5Stream::handshake(stream, &auth, TARGET));
                let (count, stream) = counted_polls(handshake).await;
                stream.expect("the tunnel");
                assert!(made + count <= most, "{made} and {count} allocations");
                server.join();
            }
        }
        let (user_id, lines) = v4();
        let (stream, server) = connected(lines);
        let stream = watched(stream);
        let (made, handshake) = counted(|| Socks4Stream::handshake(stream, &user_id, TARGET));
        let (count, stream) = counted_polls(handshake).await;
        stream.expect("the tunnel");
        assert_eq!((made, count), (0, 0));
        server.join();
    });
}
