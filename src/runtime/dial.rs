//! Non-blocking connection attempts: the part that all front ends share.

use super::socket_options::{set_for_tcp, set_for_udp};
#[cfg(unix)]
use crate::error::escape::Escaped;
use crate::error::setup::of_setup;
use crate::error::{Attempt, Error, ErrorKind, Stage};
use crate::proxy::SocketOptions;
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;
use std::{io, iter};

/// The Connection Attempt Delay of RFC 8305 §5.
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Interleaves the address families, beginning with that of the first address (RFC 8305 §4).
pub(crate) fn interleave(addrs: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addrs.first().map(SocketAddr::is_ipv4) else { return addrs };
    let (ours, others): (Vec<_>, Vec<_>) = addrs.into_iter().partition(|addr| addr.is_ipv4() == first);
    let (mut ours, mut others) = (ours.into_iter(), others.into_iter());
    iter::from_fn(|| match (ours.next(), others.next()) {
        (None, None) => None,
        pair => Some(pair),
    })
    .flat_map(|(ours, other)| ours.into_iter().chain(other))
    .collect()
}

/// Starts to connect a non-blocking socket. It becomes writable once the attempt has ended.
///
/// Returns a [`TcpStream`] for a Unix-domain socket too: the same system calls read and write it.
/// Only calls about addresses and TCP options fail on it.
pub(crate) fn begin(addr: &SockAddr, options: &SocketOptions) -> io::Result<TcpStream> {
    let socket = open(addr, options, Mode::NonBlocking)?;
    match socket.connect(addr) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

/// Whether calls of a socket block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Blocking,
    NonBlocking,
}

/// Creates a socket for this address, with the options, but does not connect it.
pub(crate) fn open(addr: &SockAddr, options: &SocketOptions, mode: Mode) -> io::Result<Socket> {
    let ip = addr.as_socket();
    let local = match (options.local_addr, ip) {
        (Some(local), Some(proxy)) => Some(local_for(local, proxy).map_err(|error| of_setup("", error))?),
        _ => None,
    };
    let protocol = ip.map(|_| Protocol::TCP);
    let socket = match mode {
        Mode::Blocking => Socket::new(addr.domain(), Type::STREAM, protocol)?,
        Mode::NonBlocking => nonblocking(addr.domain(), Type::STREAM, protocol)?,
    };
    let failed = |local, error| of_setup(format_args!("local address {local}"), error);
    if let Some(local) = local {
        share_local(&socket, local).map_err(|error| failed(local, error))?;
    }
    if ip.is_some() {
        set_for_tcp(&socket, addr, options)?;
    }
    if let Some(local) = local {
        socket.bind(&local.into()).map_err(|error| failed(local, error))?;
    }
    Ok(socket)
}

/// Creates a non-blocking UDP socket for addresses of this family, with the options.
pub(crate) fn open_datagram(addr: SocketAddr, options: &SocketOptions) -> io::Result<Socket> {
    let socket = nonblocking(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    set_for_udp(&socket, addr.is_ipv6(), options)?;
    Ok(socket)
}

/// Creates a non-blocking socket, where the system can with one call.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
fn nonblocking(domain: Domain, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    Socket::new(domain, kind.nonblocking(), protocol)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
fn nonblocking(domain: Domain, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(domain, kind, protocol)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Converts the local address to the form that a socket of the remote address's family accepts.
pub(crate) fn local_for(local: SocketAddr, remote: SocketAddr) -> io::Result<SocketAddr> {
    let ip = match (local.ip().to_canonical(), remote.ip()) {
        (IpAddr::V4(_), IpAddr::V4(_)) => local.ip().to_canonical(),
        (IpAddr::V4(local), IpAddr::V6(remote)) if remote.to_ipv4_mapped().is_some() => {
            local.to_ipv6_mapped().into()
        }
        // Returned whole, with its scope.
        (IpAddr::V6(_), IpAddr::V6(remote)) if remote.to_ipv4_mapped().is_none() => return Ok(local),
        (local, _) => return Err(other_family(local)),
    };
    Ok(SocketAddr::new(ip, local.port()))
}

fn other_family(local: IpAddr) -> io::Error {
    let (ours, other) = if local.is_ipv4() { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
    let sentence = format!("the local address {local} is {ours} and can't reach an {other} address");
    io::Error::new(io::ErrorKind::InvalidInput, sentence)
}

/// Prepares a TCP socket for a local address that other connections may have too.
fn share_local(socket: &Socket, local: SocketAddr) -> io::Result<()> {
    if local.port() == 0 {
        defer_port_choice(socket);
        Ok(())
    } else {
        share_port(socket)
    }
}

/// Without this, `bind` reserves one of about 28,000 ports, and no other connection can share it.
#[cfg(target_os = "linux")]
fn defer_port_choice(socket: &Socket) {
    // Linux before 4.2 lacks the option. The connection works without it.
    let _ = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true);
}

#[cfg(not(target_os = "linux"))]
const fn defer_port_choice(_: &Socket) {}

/// Without this, one port can't connect to several addresses of the proxy at once, nor again soon
/// after a connection is closed.
#[cfg(unix)]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

/// On Windows, the option would let other programs take the port.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
const fn share_port(_: &Socket) -> io::Result<()> {
    Ok(())
}

fn is_in_progress(error: &io::Error) -> bool {
    // Windows reports "would block". On Unix, that error means that a Unix-domain socket's backlog
    // is full: the attempt did not start.
    error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
        || (cfg!(windows) && error.kind() == io::ErrorKind::WouldBlock)
}

/// Returns the error of an attempt that has ended, if it failed.
pub(crate) fn connected<'s>(stream: impl Into<SockRef<'s>>) -> io::Result<()> {
    match stream.into().take_error()? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Formats an address for an error.
fn format_addr(addr: &SockAddr) -> String {
    match addr.as_socket() {
        Some(addr) => addr.to_string(),
        None => format_path(addr).unwrap_or_else(|| "a Unix-domain socket".into()),
    }
}

#[cfg(unix)]
fn format_path(addr: &SockAddr) -> Option<String> {
    let pathname = addr.as_pathname().map(|path| path.to_string_lossy().into_owned());
    let with_nul = |name: &[u8]| format!("\0{}", String::from_utf8_lossy(name));
    let path = pathname.or_else(|| addr.as_abstract_namespace().map(with_nul));
    path.map(|path| Escaped(path).to_string())
}

#[cfg(not(unix))]
const fn format_path(_: &SockAddr) -> Option<String> {
    None
}

/// The failed attempts so far.
#[derive(Debug, Default)]
pub struct Failures(Vec<Attempt>);

impl Failures {
    /// Creates the failure of the only attempt.
    pub(crate) fn of(addr: &SockAddr, error: io::Error) -> Self {
        let mut failures = Self::default();
        failures.push(addr, error);
        failures
    }

    pub(crate) fn push(&mut self, addr: &SockAddr, error: io::Error) {
        self.0.push(Attempt { address: format_addr(addr), error });
    }

    /// Adds the attempts that were in progress when the deadline passed.
    pub(crate) fn push_timed_out<'a>(&mut self, addrs: impl IntoIterator<Item = &'a SockAddr>) {
        for addr in addrs {
            self.push(addr, io::ErrorKind::TimedOut.into());
        }
    }
}

#[cfg(test)]
impl Failures {
    pub(crate) fn into_attempts(self) -> Vec<Attempt> {
        self.0
    }
}

impl Failures {
    /// Returns the error of this stage: of dialling a proxy, or the target.
    pub(crate) fn at(self, stage: Stage) -> Error {
        Error::new(stage, ErrorKind::Unreachable(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_address_is_used_for_its_family() {
        for (local, remote, expected) in [
            ("192.0.2.1:7", "192.0.2.9:1080", Some("192.0.2.1:7")),
            ("[::ffff:192.0.2.1]:7", "192.0.2.9:1080", Some("192.0.2.1:7")),
            ("192.0.2.1:7", "[::ffff:192.0.2.9]:1080", Some("[::ffff:192.0.2.1]:7")),
            ("[::ffff:192.0.2.1]:7", "[::ffff:192.0.2.9]:1080", Some("[::ffff:192.0.2.1]:7")),
            ("[fe80::1%3]:7", "[2001:db8::9]:1080", Some("[fe80::1%3]:7")),
            ("[::]:7", "[2001:db8::9]:1080", Some("[::]:7")),
            ("192.0.2.1:7", "[2001:db8::9]:1080", None),
            ("0.0.0.0:7", "[2001:db8::9]:1080", None),
            ("[2001:db8::1]:7", "192.0.2.9:1080", None),
            ("[2001:db8::1]:7", "[::ffff:192.0.2.9]:1080", None),
        ] {
            let found = local_for(local.parse().unwrap(), remote.parse().unwrap());
            assert_eq!(found.ok(), expected.map(|addr| addr.parse().unwrap()), "{local} to {remote}");
        }
    }

    fn addrs(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns() {
        let mixed = addrs(&["[::1]:1", "[::2]:1", "[::3]:1", "0.0.0.1:1", "0.0.0.2:1"]);
        let turns = addrs(&["[::1]:1", "0.0.0.1:1", "[::2]:1", "0.0.0.2:1", "[::3]:1"]);
        assert_eq!(interleave(mixed), turns);
        let mixed = addrs(&["0.0.0.1:1", "0.0.0.2:1", "[::1]:1"]);
        let turns = addrs(&["0.0.0.1:1", "[::1]:1", "0.0.0.2:1"]);
        assert_eq!(interleave(mixed), turns);
        assert_eq!(interleave(Vec::new()), []);
    }
}
