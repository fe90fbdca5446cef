//! UDP ASSOCIATE: from the proxy to a socket that is connected to its relay.

use super::association::Association;
use super::batch::Segmentation;
use super::relay;
use super::socket::{Shared, SocksUdpSocket};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::command::Command;
use crate::protocol::socks5::Socks5;
use crate::protocol::target::Target;
use crate::protocol::version::{V5, Version};
use crate::proxy::Proxy;
use crate::proxy::into_proxy::IntoProxy;
use crate::route::connect::earlier;
use crate::route::connector::Connector;
use crate::route::wrap::{self, Plain, Wrap};
use crate::runtime::dial::local_for;
use crate::runtime::{Deadline, Ends, UdpFront, deadline, dial_proxy};
use crate::trace;
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
    associate_by::<F, Plain>(&proxy, &Plain, deadline::<F>(proxy.limit())).await
}

impl<F: UdpFront, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn associate_datagrams(&self) -> Result<SocksUdpSocket<F>, Error> {
        let chain = self.route.without_target().ok_or(Invalid::NoProxyToAsk)?;
        let proxy = chain.only().ok_or(Invalid::DatagramsThroughChain)?;
        let deadline = earlier::<F>(deadline::<F>(chain.limit()), proxy);
        associate_by::<F, W>(proxy, &self.wrap, deadline).await
    }
}

/// Makes an association over a TCP connection that is wrapped so.
async fn associate_by<F: UdpFront, W: Wrap<F>>(
    proxy: &Proxy,
    wrap: &W,
    deadline: Deadline,
) -> Result<SocksUdpSocket<F>, Error> {
    let request = trace::request(Command::UdpAssociate, proxy, &"any");
    let associated = request.watch(through::<F, W>(proxy, wrap, deadline)).await;
    associated.map_err(|error| error.at(proxy))
}

async fn through<F: UdpFront, W: Wrap<F>>(
    proxy: &Proxy,
    wrap: &W,
    deadline: Deadline,
) -> Result<SocksUdpSocket<F>, Error> {
    let auth = V5::auth(proxy.protocol())?;
    let options = proxy.udp_options();
    // What is wrong with the options is found before anything is sent.
    Socks5::associate(auth, unspecified(None))?;
    wrap.check_proxy(proxy)?;
    let dialled = dial_proxy::<F>(proxy, deadline).await?;
    let ends = F::ends(&dialled).ok();
    let wrapped = wrap.wrap(dialled, Some(proxy), deadline).await;
    let mut held = wrapped.map_err(wrap::failed(Stage::Dial))?;
    let declared = options.source.map(|source| declare(source, ends.as_ref())).transpose().map_err(failed)?;
    let source = match &declared {
        Some((_, source)) => (source.ip(), source.port()).into(),
        None => unspecified(ends.as_ref()),
    };
    let mut conversation = Socks5::associate(auth, source)?;
    let granted = W::converse(&mut held, &mut conversation, deadline).await?;
    let encapsulation = match granted.frames {
        Some(frames) => Some(frames.datagrams.ok_or_else(unprotected)?),
        None => None,
    };
    let relays = relay::find::<F>(proxy, &granted.bound, ends.as_ref(), deadline).await?;
    let from = proxy.socket().local_addr;
    let udp = connect(&relays, declared.as_ref(), from).map_err(failed)?;
    let local = udp.local_addr().and_then(|addr| address(&addr)).map_err(failed)?;
    let relay = udp.peer_addr().and_then(|addr| address(&addr)).map_err(failed)?;
    let segmentation = Segmentation::of(&udp);
    let association = Association::new(proxy, relay, granted.bound, encapsulation, options);
    let sockets = F::watch(W::control(held), udp.into()).map_err(failed)?;
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

/// A socket that hears the relay alone: the first of those that the system has a way to.
fn connect(
    relays: &[SocketAddr],
    declared: Option<&(Socket, SocketAddr)>,
    from: Option<SocketAddr>,
) -> io::Result<Socket> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for relay in relays {
        let socket = match declared {
            Some((socket, _)) => socket.try_clone(),
            None => socket_to(*relay, from),
        };
        match socket.and_then(|socket| socket.connect(&(*relay).into()).map(|()| socket)) {
            Ok(socket) => {
                drain(&socket);
                return Ok(socket);
            }
            Err(error) => {
                let mismatch = declared.and_then(|(_, source)| local_for(*source, *relay).err());
                last = mismatch.unwrap_or(error);
            }
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

/// A socket with any free port. Choosing the port when connecting would not help: the system
/// shares no UDP ports.
fn socket_to(relay: SocketAddr, from: Option<SocketAddr>) -> io::Result<Socket> {
    let from = from.map(|from| local_for(from, relay)).transpose()?;
    let socket = datagram_socket(relay)?;
    if let Some(mut from) = from {
        from.set_port(0);
        socket.bind(&from.into())?;
    }
    Ok(socket)
}
