//! Servers to be reached through the proxies, on threads which last as long as the test program.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::thread;

use crate::resources::{free_port, loopback};

/// Resolves to a loopback address.
pub(crate) const NAME: &str = "localhost";
/// Never resolves (RFC 6761).
pub(crate) const UNRESOLVABLE: &str = "nonexistent.invalid";
/// A well-formed address of an onion service that does not exist: its key is unknown.
pub(crate) const ONION_UNKNOWN: &str = "4zc5m6me4ojdireh7vlchkxbbop4vnyvdudnbfowy26rofljrtc6yhad.onion";
/// No onion service can have it.
pub(crate) const ONION_MALFORMED: &str = "anysocks.onion";
/// The first bytes of [`Destinations::greeter`].
pub(crate) const GREETING: &[u8] = b"220 ready\r\n";

/// A port each, the same on 127.0.0.1 and `[::1]`, so that a name may resolve to either.
pub(crate) struct Destinations {
    /// Echoes all bytes, and closes its direction after the client's. Echoes datagrams too.
    pub(crate) echo: u16,
    /// Sends [`GREETING`] first, then does the same as `echo`.
    pub(crate) greeter: u16,
    /// Sends nothing until the client has closed its direction, then sends [`collected`] and
    /// closes.
    pub(crate) collector: u16,
    /// A port that refuses connections.
    pub(crate) closed: u16,
}

impl Destinations {
    pub(crate) fn start() -> Result<Self, String> {
        Ok(Self {
            echo: echo_datagrams(serve_echo()?)?,
            greeter: serve(greet)?,
            collector: serve(collect)?,
            closed: free_port()?,
        })
    }
}

/// The collector's answer to these bytes: their number in a line, and the bytes.
pub(crate) fn collected(bytes: &[u8]) -> Vec<u8> {
    [format!("{}\n", bytes.len()).as_bytes(), bytes].concat()
}

/// A server that echoes all bytes.
pub(crate) fn serve_echo() -> Result<u16, String> {
    serve(echo)
}

fn serve(handle: fn(TcpStream) -> io::Result<()>) -> Result<u16, String> {
    let port = free_port()?;
    for address in loopback(port) {
        let listener =
            TcpListener::bind(address).map_err(|error| format!("destination {address}: {error}"))?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // How a client leaves is its own affair; what it missed shows at its end.
                thread::spawn(move || handle(stream));
            }
        });
    }
    Ok(port)
}

fn echo_datagrams(port: u16) -> Result<u16, String> {
    for address in loopback(port) {
        let socket = UdpSocket::bind(address).map_err(|error| format!("destination {address}: {error}"))?;
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            loop {
                // An ICMP error of an earlier datagram is nothing to the next one.
                if let Ok((len, source)) = socket.recv_from(&mut buffer) {
                    let _unreachable = socket.send_to(&buffer[..len], source);
                }
            }
        });
    }
    Ok(port)
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return stream.shutdown(Shutdown::Write),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}

/// Sends [`GREETING`], then echoes all bytes.
pub(crate) fn greet(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(GREETING)?;
    echo(stream)
}

fn collect(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    stream.write_all(&collected(&bytes))?;
    stream.shutdown(Shutdown::Write)
}
