//! UDP ASSOCIATE: from proxies to a UDP socket that is connected to the first one's relay.

use super::association::Association;
use super::batch::Segmentation;
use super::hop::{Hop, Layer, encapsulation_error};
use super::negotiated::Negotiated;
use super::relay;
use super::socket::{Shared, SocksUdpSocket};
use crate::error::invalid::Invalid;
use crate::error::setup::of_setup;
use crate::error::{Error, Stage};
use crate::protocol::address::Address;
use crate::protocol::socks5::Socks5;
use crate::protocol::version::{V5, Version};
use crate::proxy::into_proxy::IntoProxy;
use crate::proxy::{Proxy, SocketOptions};
use crate::route::connect::AssociationThrough;
use crate::route::connector::Connector;
use crate::route::hops::Hops;
use crate::route::path::{proxy_deadline, unspecified};
use crate::route::prepare::prepare;
use crate::route::wrap::{self, Plain, Wrap};
use crate::runtime::dial::{local_for, open_datagram};
use crate::runtime::{Deadline, Ends, PerHop, UdpFrontEnd, check_endpoint, deadline, dial_proxy};
use crate::trace;
use socket2::{SockAddr, Socket};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::pin::Pin;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

/// Work in memory of its own.
type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + Sync + 'f>>;

/// More datagrams than a socket's receive buffer holds.
const MAX_STRAYS: u32 = 1 << 16;

/// Requests an association from a proxy.
pub(crate) async fn associate<'a, F: UdpFrontEnd>(
    proxy: impl IntoProxy<'a>,
) -> Result<SocksUdpSocket<F>, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    associate_through::<F, Plain>(slice::from_ref(&*proxy), proxy.limit(), &Plain).await
}

impl<F: UdpFrontEnd, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn associate_datagrams(&self) -> Result<SocksUdpSocket<F>, Error> {
        let selected = self.route.without_target();
        let associated = selected.ask_a_proxy::<F, _, _>(|chain, limit| {
            associate_through::<F, W>(chain.hops(), limit, &self.wrap)
        });
        associated.await
    }
}

/// Requests an association from each of these proxies, over TCP connections with this wrapper.
/// There is at least one proxy.
pub(crate) async fn associate_through<F: UdpFrontEnd, W: Wrap<F>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
) -> Result<SocksUdpSocket<F>, Error> {
    let command = hops[hops.len() - 1].udp_options().command();
    let request = trace::request(&command, &Hops(hops), &"any");
    request.watch(open::<F, W>(hops, wrap, deadline::<F>(limit))).await
}

async fn open<F: UdpFrontEnd, W: Wrap<F>>(
    hops: &[Proxy],
    wrap: &W,
    deadline: Deadline,
) -> Result<SocksUdpSocket<F>, Error> {
    check::<F, W>(hops, wrap)?;
    let at_first = |error: Error| error.at_hop(&hops[0], 1, hops.len());
    let first = open_first::<F, W>(&hops[0], wrap, proxy_deadline::<F>(deadline, &hops[0]));
    let first = trace::hop(1, hops.len(), &hops[0], first).await.map_err(at_first)?;
    let First { control, hop, bound, udp, local, relay } = first;
    let nested = Nested { layers: Vec::new(), hop, bound, controls: PerHop::only(control) };
    let nested = if hops.len() == 1 { nested } else { nest::<F, W>(hops, wrap, deadline, nested).await? };
    let Nested { layers, hop, bound, controls } = nested;
    let segmentation = Segmentation::of(&udp);
    let association = Association::new(hops, relay, layers, hop, bound);
    let sockets = F::watch(controls, udp.into()).map_err(association_error).map_err(at_first)?;
    Ok(SocksUdpSocket { shared: Arc::new(Shared { sockets, association, segmentation, local }) })
}

/// Finds mistakes in the options before anything is sent.
fn check<F: UdpFrontEnd, W: Wrap<F>>(hops: &[Proxy], wrap: &W) -> Result<(), Error> {
    for (n, proxy) in hops.iter().enumerate() {
        let request = match V5::auth(proxy.protocol()) {
            Err(_) if n + 1 < hops.len() => Err(Invalid::DatagramsThroughSocks4.into()),
            auth => auth.and_then(|auth| Socks5::new(auth, proxy.udp_options().command(), unspecified(None))),
        };
        request.map_err(|error| error.at_hop(proxy, n + 1, hops.len()))?;
    }
    if hops.len() == 1 {
        let checked = wrap.check_proxy(&hops[0]).and_then(|()| check_endpoint(&hops[0]));
        checked.map_err(|error| error.at(&hops[0]))
    } else {
        AssociationThrough::new(hops, None, wrap).check()
    }
}

/// The association at the first proxy, and the socket that is connected to its relay.
struct First<C> {
    control: C,
    hop: Hop,
    bound: Address,
    udp: Socket,
    local: SocketAddr,
    relay: SocketAddr,
}

async fn open_first<F: UdpFrontEnd, W: Wrap<F>>(
    proxy: &Proxy,
    wrap: &W,
    deadline: Deadline,
) -> Result<First<F::Control>, Error> {
    let options = proxy.udp_options();
    let command = options.command();
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
        None => unspecified(ends.as_ref().map(|ends| ends.peer.ip())),
    };
    let mut conversation = Socks5::new(auth, command, source)?;
    let mut granted = W::converse(&mut control, &mut conversation, deadline).await?;
    let negotiated = Negotiated::new(&mut granted, proxy.limit()).map_err(encapsulation_error)?;
    let relays = relay::find::<F>(proxy, &granted.bound, ends.as_ref(), deadline).await?;
    let udp = connect(&relays, declared.as_ref(), &proxy.dialling().socket).map_err(association_error)?;
    let local = udp.local_addr().and_then(|addr| address(&addr)).map_err(association_error)?;
    let relay = udp.peer_addr().and_then(|addr| address(&addr)).map_err(association_error)?;
    let hop = Hop::new(proxy, negotiated);
    Ok(First { control: W::control(control), hop, bound: granted.bound, udp, local, relay })
}

/// The associations at the first proxies of a chain.
struct Nested<C> {
    layers: Vec<Layer>,
    /// That at the last of them, with the proxy's reply.
    hop: Hop,
    bound: Address,
    controls: PerHop<C>,
}

/// Requests an association from each later proxy of a chain.
///
/// It takes memory of its own, because most routes have one proxy.
fn nest<'a, F: UdpFrontEnd, W: Wrap<F>>(
    hops: &'a [Proxy],
    wrap: &'a W,
    deadline: Deadline,
    first: Nested<F::Control>,
) -> Boxed<'a, Result<Nested<F::Control>, Error>> {
    let Nested { mut layers, mut hop, mut bound, mut controls } = first;
    Box::pin(async move {
        for n in 1..hops.len() {
            let at = |error: Error| error.at_hop(&hops[n], n + 1, hops.len());
            let next = AssociationThrough::new(&hops[..=n], deadline, wrap).request().await;
            let (control, mut granted, ip) = next.map_err(|error| error.of_hops(hops.len()))?;
            let (before, proxy) = (&hops[n - 1], &hops[n]);
            let negotiated = Negotiated::new(&mut granted, proxy.limit());
            let negotiated = negotiated.map_err(encapsulation_error).map_err(at)?;
            let limit = proxy_deadline::<F>(deadline, proxy);
            let relay =
                relay::find_behind::<F>(before, proxy, ip, &granted.bound, limit).await.map_err(at)?;
            let outer = std::mem::replace(&mut hop, Hop::new(proxy, negotiated));
            Layer::push(&mut layers, outer, before.udp_options().any_source, relay).map_err(at)?;
            bound = granted.bound;
            controls.push(W::control(control));
        }
        Ok(Nested { layers, hop, bound, controls })
    })
}

fn association_error(error: io::Error) -> Error {
    Error::io(Stage::Association, error)
}

/// Binds a socket to the source. Returns it with the address to declare.
pub(crate) fn bind_source(
    mut source: SocketAddr,
    ends: Option<&Ends>,
    options: &SocketOptions,
) -> io::Result<(Socket, SocketAddr)> {
    if let (true, Some(ends)) = (source.ip().is_unspecified(), ends) {
        source.set_ip(ends.local.ip().to_canonical());
    }
    let socket = open_datagram(source, options)?;
    bind(&socket, source)?;
    let source = socket.local_addr().and_then(|addr| address(&addr))?;
    Ok((socket, source))
}

fn address(addr: &SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// Connects a socket to the first of these relay addresses that the system can reach.
pub(crate) fn connect(
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
    let from = options.local_addr.map(|from| local_for(from, relay)).transpose();
    let from = from.map_err(|error| of_setup("", error))?;
    let socket = open_datagram(relay, options)?;
    if let Some(mut from) = from {
        from.set_port(0);
        bind(&socket, from)?;
    }
    Ok(socket)
}

fn bind(socket: &Socket, local: SocketAddr) -> io::Result<()> {
    socket.bind(&local.into()).map_err(|error| of_setup(format_args!("local address {local}"), error))
}
