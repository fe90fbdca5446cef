//! UDP ASSOCIATE: from a proxy to a UDP socket that is connected to its relay.

use super::association::Association;
use super::batch::Segmentation;
use super::negotiated::Negotiated;
use super::relay;
use super::socket::{Shared, SocksUdpSocket};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::socks5::Socks5;
use crate::protocol::target::Target;
use crate::protocol::version::{V5, Version};
use crate::proxy::into_proxy::IntoProxy;
use crate::proxy::{Proxy, Resolve, SocketOptions};
use crate::route::Chain;
use crate::route::connector::Connector;
use crate::route::path::proxy_deadline;
use crate::route::prepare::prepare;
use crate::route::wrap::{self, Plain, Wrap};
use crate::runtime::dial::{local_for, open_datagram};
use crate::runtime::{Deadline, Ends, UdpFrontEnd, check_endpoint, deadline, dial_proxy};
use crate::trace;
use socket2::{SockAddr, Socket};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// More datagrams than a socket's receive buffer holds.
const MAX_STRAYS: u32 = 1 << 16;

/// Requests an association from a proxy.
pub(crate) async fn associate<'a, F: UdpFrontEnd>(
    proxy: impl IntoProxy<'a>,
) -> Result<SocksUdpSocket<F>, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    associate_with::<F, Plain>(&proxy, &Plain, deadline::<F>(proxy.limit())).await
}

impl<F: UdpFrontEnd, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn associate_datagrams(&self) -> Result<SocksUdpSocket<F>, Error> {
        let selected = self.route.without_target();
        selected.ask_a_proxy::<F, _, _>(|chain, limit| self.associate_by(chain, limit)).await
    }

    async fn associate_by(&self, chain: &Chain, limit: Option<Duration>) -> Result<SocksUdpSocket<F>, Error> {
        let proxy = chain.only().ok_or_else(|| trace::failed(Invalid::DatagramsThroughChain.into()))?;
        let deadline = proxy_deadline::<F>(deadline::<F>(limit), proxy);
        associate_with::<F, W>(proxy, &self.wrap, deadline).await
    }
}

/// Requests an association over a TCP connection with this wrapper.
async fn associate_with<F: UdpFrontEnd, W: Wrap<F>>(
    proxy: &Proxy,
    wrap: &W,
    deadline: Deadline,
) -> Result<SocksUdpSocket<F>, Error> {
    let command = proxy.udp_options().command();
    let request = trace::request(&command, proxy, &"any");
    let associated = async { open::<F, W>(proxy, wrap, deadline).await.map_err(|error| error.at(proxy)) };
    request.watch(associated).await
}

async fn open<F: UdpFrontEnd, W: Wrap<F>>(
    proxy: &Proxy,
    wrap: &W,
    deadline: Deadline,
) -> Result<SocksUdpSocket<F>, Error> {
    let options = proxy.udp_options();
    // Mistakes in the options are found before anything is sent.
    let command = options.command();
    Socks5::new(V5::auth(proxy.protocol())?, command, unspecified(None))?;
    wrap.check_proxy(proxy)?;
    check_endpoint(proxy)?;
    let prepared = prepare::<F>(proxy, (1, 1), command, deadline).await?;
    let auth = V5::auth(prepared.as_ref().unwrap_or(proxy.protocol()))?;
    let dialled = dial_proxy::<F>(proxy, deadline).await?;
    let ends = F::ends(&dialled).ok();
    let wrapped = wrap.wrap(dialled, Some(proxy), deadline).await;
    let mut control = wrapped.map_err(wrap::wrap_error(Stage::Dial))?;
    let declared =
        options.source.map(|source| bind_source(source, ends.as_ref(), &proxy.dialling().socket)).transpose();
    let declared = declared.map_err(association_error)?;
    let source = match &declared {
        Some((_, source)) => (source.ip(), source.port()).into(),
        None => unspecified(ends.as_ref()),
    };
    let mut conversation = Socks5::new(auth, command, source)?;
    let mut granted = W::converse(&mut control, &mut conversation, deadline).await?;
    let negotiated = Negotiated::new(&mut granted)
        .map_err(|error| Error::new(Stage::Association, ErrorKind::Encapsulation(error)))?;
    let relays = relay::find::<F>(proxy, &granted.bound, ends.as_ref(), deadline).await?;
    let udp = connect(&relays, declared.as_ref(), &proxy.dialling().socket).map_err(association_error)?;
    let local = udp.local_addr().and_then(|addr| address(&addr)).map_err(association_error)?;
    let relay = udp.peer_addr().and_then(|addr| address(&addr)).map_err(association_error)?;
    let segmentation = Segmentation::of(&udp);
    let association = Association::new(proxy, relay, granted.bound, negotiated);
    let sockets = F::watch(W::control(control), udp.into()).map_err(association_error)?;
    let resolves_locally = proxy.resolves() == Resolve::Locally;
    let lookup = resolves_locally.then(|| Box::new(proxy.dialling().lookup.clone()));
    let shared = Shared { sockets, association, segmentation, lookup, local };
    Ok(SocksUdpSocket { shared: Arc::new(shared) })
}

fn association_error(error: io::Error) -> Error {
    Error::io(Stage::Association, error)
}

/// Returns the declared source if none is set: zeros, in the family of the TCP connection.
fn unspecified(ends: Option<&Ends>) -> Target<'static> {
    match ends.map(|ends| ends.peer.ip().to_canonical()) {
        Some(IpAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        _ => (Ipv4Addr::UNSPECIFIED, 0).into(),
    }
}

/// Binds a socket to the source. Returns it with the address to declare.
fn bind_source(
    mut source: SocketAddr,
    ends: Option<&Ends>,
    options: &SocketOptions,
) -> io::Result<(Socket, SocketAddr)> {
    if let (true, Some(ends)) = (source.ip().is_unspecified(), ends) {
        source.set_ip(ends.local.ip().to_canonical());
    }
    let socket = open_datagram(source, options)?;
    socket.bind(&source.into())?;
    let source = socket.local_addr().and_then(|addr| address(&addr))?;
    Ok((socket, source))
}

fn address(addr: &SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// Connects a socket to the first of these relay addresses that the system can reach.
fn connect(
    relays: &[SocketAddr],
    declared: Option<&(Socket, SocketAddr)>,
    options: &SocketOptions,
) -> io::Result<Socket> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for relay in relays {
        let socket = match declared {
            Some((socket, _)) => socket.try_clone(),
            None => socket_for(*relay, options),
        };
        match socket.and_then(|socket| socket.connect(&(*relay).into()).map(|()| socket)) {
            Ok(socket) => {
                discard_strays(&socket);
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

/// Discards datagrams that arrived before the socket was connected.
///
/// They may be from any source, and the relay can't have sent one yet.
fn discard_strays(mut socket: &Socket) {
    for _ in 0..MAX_STRAYS {
        if socket.read(&mut [0]).is_err() {
            return;
        }
    }
}

/// Returns a socket with any free port.
///
/// Deferring the choice to `connect` would not help: the system shares no UDP ports.
fn socket_for(relay: SocketAddr, options: &SocketOptions) -> io::Result<Socket> {
    let from = options.local_addr.map(|from| local_for(from, relay)).transpose()?;
    let socket = open_datagram(relay, options)?;
    if let Some(mut from) = from {
        from.set_port(0);
        socket.bind(&from.into())?;
    }
    Ok(socket)
}
