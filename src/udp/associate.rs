//! UDP ASSOCIATE: from the proxy to a socket that is connected to its relay.

use super::association::Association;
use super::batch::Segmentation;
use super::front::UdpFront;
use super::options::Relay;
use super::socket::{Shared, SocksUdpSocket};
use crate::address::Address;
use crate::command::Command;
use crate::error::{Error, ErrorKind, Stage};
use crate::into_proxy::IntoProxy;
use crate::listener::reachable;
use crate::proxy::Proxy;
use crate::runtime::{Deadline, Ends, deadline, dial_by, resolve};
use crate::socks5::Socks5;
use crate::target::Target;
use crate::trace;
use crate::version::{V5, Version};
use crate::wrap::{Plain, Wrap};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// More than a socket's buffer holds.
const MOST_STRAYS: u32 = 1 << 16;

/// Makes an association.
pub(crate) async fn associate<'a, F: UdpFront>(
    proxy: impl IntoProxy<'a>,
) -> Result<SocksUdpSocket<F>, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    let request = trace::request(Command::UdpAssociate, &*proxy, &"any");
    let associated = request.watch(through::<F>(&proxy)).await;
    associated.map_err(|error| error.at(&*proxy))
}

async fn through<F: UdpFront>(proxy: &Proxy) -> Result<SocksUdpSocket<F>, Error> {
    let deadline = deadline::<F>(proxy.limit());
    let auth = V5::auth(proxy)?;
    let options = proxy.udp_options();
    // What is wrong with the options is found before anything is sent.
    Socks5::associate(auth, unspecified(None))?;
    Wrap::<F>::admits(&Plain, proxy)?;
    let mut control = dial_by::<F>(proxy, deadline).await?;
    let ends = F::ends(&control).ok();
    let declared = options.source.map(|source| declare(source, ends.as_ref())).transpose().map_err(failed)?;
    let source = match &declared {
        Some((_, source)) => (source.ip(), source.port()).into(),
        None => unspecified(ends.as_ref()),
    };
    let mut talk = Socks5::associate(auth, source)?;
    let granted = F::converse(&mut control, &mut talk, deadline).await?;
    let encapsulation = match granted.frames {
        Some(frames) => Some(frames.datagrams.ok_or_else(unprotected)?),
        None => None,
    };
    let relays = find::<F>(&options.relay, &granted.bound, ends.as_ref(), deadline).await?;
    let from = proxy.socket().local_addr.map(|addr| addr.ip());
    let udp = connect(&relays, declared.as_ref().map(|(socket, _)| socket), from).map_err(failed)?;
    let local = udp.local_addr().and_then(|addr| address(&addr)).map_err(failed)?;
    let relay = udp.peer_addr().and_then(|addr| address(&addr)).map_err(failed)?;
    let segmentation = Segmentation::of(&udp);
    let association = Association::new(proxy, relay, granted.bound, encapsulation, options);
    let sockets = F::watch(control, udp.into()).map_err(failed)?;
    let resolve = proxy.resolves();
    Ok(SocksUdpSocket { shared: Arc::new(Shared { sockets, association, segmentation, resolve, local }) })
}

fn failed(error: io::Error) -> Error {
    Error::io(Stage::Association, error)
}

/// A METHOD whose encapsulation is for streams alone.
fn unprotected() -> Error {
    let kind = ErrorKind::Encapsulation("the method's encapsulation carries no datagrams".into());
    Error::new(Stage::Association, kind)
}

/// What is declared where the source is not known yet: zeros, of the family in which the proxy is reached.
fn unspecified(ends: Option<&Ends>) -> Target<'static> {
    match ends.map(|ends| ends.peer.ip().to_canonical()) {
        Some(IpAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        _ => (Ipv4Addr::UNSPECIFIED, 0).into(),
    }
}

/// A socket that is bound to the source, and what to declare.
fn declare(mut source: SocketAddr, ends: Option<&Ends>) -> io::Result<(Socket, SocketAddr)> {
    if let (true, Some(ends)) = (source.ip().is_unspecified(), ends) {
        source.set_ip(ends.local.ip().to_canonical());
    }
    let socket = datagram_socket(source)?;
    socket.bind(&source.into())?;
    let source = socket.local_addr().and_then(|addr| address(&addr))?;
    Ok((socket, source))
}

fn datagram_socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn address(addr: &SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// Where the relay may be, in the order in which to try.
async fn find<F: UdpFront>(
    policy: &Relay,
    told: &Address,
    ends: Option<&Ends>,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Error> {
    let proxy = ends.map(|ends| ends.peer.ip().to_canonical());
    // A proxy behind a Unix-domain socket is on this machine.
    let here = proxy.unwrap_or(match told.ip() {
        Some(IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    });
    let relay = match policy {
        Relay::AsIs => told.clone(),
        Relay::Told => reachable(told, Some(here)).unwrap_or_else(|| told.clone()),
        Relay::ProxyAddress => Address::Ip(SocketAddr::new(here, told.port())),
        Relay::By(find) => find(told, proxy),
    };
    if relay.port() == 0 {
        return Err(no_relay(relay));
    }
    let mut addrs = match &relay {
        Address::Ip(addr) => vec![*addr],
        Address::Name(name, port) => match std::str::from_utf8(name.as_bytes()) {
            Ok(name) if !name.is_empty() => resolve::<F>(name, *port, deadline).await?,
            _ => return Err(no_relay(relay)),
        },
    };
    for addr in &mut addrs {
        addr.set_ip(addr.ip().to_canonical());
        // The scope of a link-local address is known of the proxy's own alone.
        match (addr, ends.map(|ends| ends.peer)) {
            (SocketAddr::V6(addr), Some(SocketAddr::V6(peer))) if addr.ip() == peer.ip() => {
                addr.set_scope_id(peer.scope_id());
            }
            _ => {}
        }
    }
    Ok(addrs)
}

fn no_relay(relay: Address) -> Error {
    Error::new(Stage::Association, ErrorKind::NoRelay(relay))
}

/// A socket that hears the relay alone: the first of those that the system has a way to.
fn connect(relays: &[SocketAddr], declared: Option<&Socket>, from: Option<IpAddr>) -> io::Result<Socket> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for relay in relays {
        let socket = match declared {
            Some(socket) => socket.try_clone(),
            None => socket_to(*relay, from),
        };
        match socket.and_then(|socket| socket.connect(&(*relay).into()).map(|()| socket)) {
            Ok(socket) => {
                drain(&socket);
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Forgets what came before the socket was connected: it may be from anybody, and the relay can't have spoken yet.
fn drain(mut socket: &Socket) {
    for _ in 0..MOST_STRAYS {
        if socket.read(&mut [0]).is_err() {
            return;
        }
    }
}

fn socket_to(relay: SocketAddr, from: Option<IpAddr>) -> io::Result<Socket> {
    let socket = datagram_socket(relay)?;
    if let Some(from) = from.filter(|from| from.is_ipv4() == relay.is_ipv4()) {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    Ok(socket)
}
