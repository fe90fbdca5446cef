//! The relay of a forwarder: forwards datagrams between a client and an association.

use super::handshake;
use crate::protocol::reply::Reply;
use crate::protocol::target::{Host, Target};
use crate::tokio::Socks5UdpSocket;
use crate::udp::{Datagram, HEADROOM, Source};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The longest datagram.
const MAX_DATAGRAM: usize = 64 * 1024;

/// The most concurrent local lookups of one client. Further datagrams to names are dropped.
const MAX_LOOKUPS: usize = 16;
/// The timeout of one lookup.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// Relays datagrams until the client closes its connection, or the association ends.
pub(super) async fn relay(
    mut client: TcpStream,
    declared: u16,
    association: Socks5UdpSocket,
) -> io::Result<()> {
    let socket = UdpSocket::bind((client.local_addr()?.ip(), 0)).await?;
    handshake::reply(&mut client, Reply::SUCCEEDED, &socket.local_addr()?.into()).await?;
    let client_ip = client.peer_addr()?.ip();
    let peer = Mutex::new((declared != 0).then(|| SocketAddr::new(client_ip, declared)));
    // An encapsulation can delay datagrams to the relay. Those to the client do not wait for them.
    tokio::select! {
        // The client must send nothing over TCP, so any byte ends the association too.
        ended = client.read_u8() => ended.map(drop),
        ended = to_relay(&socket, client_ip, &peer, &association) => ended,
        ended = to_client(&association, &peer, &socket) => ended,
    }
}

/// The address that the client declared, or that of its first datagram.
type Peer = Mutex<Option<SocketAddr>>;

fn locked(peer: &Peer) -> MutexGuard<'_, Option<SocketAddr>> {
    peer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forwards the client's datagrams until the association ends.
async fn to_relay(
    socket: &UdpSocket,
    client_ip: IpAddr,
    peer: &Peer,
    association: &Socks5UdpSocket,
) -> io::Result<()> {
    let mut buf = vec![0; MAX_DATAGRAM];
    // A slow name server must not delay datagrams to other targets.
    let mut lookups = JoinSet::new();
    loop {
        tokio::select! {
            received = socket.recv_from(&mut buf) => {
                // An error means that the client refused an earlier datagram.
                let Ok((n, from)) = received else { continue };
                if from.ip() != client_ip || locked(peer).is_some_and(|peer| peer != from) {
                    continue;
                }
                let Some((payload, target)) = parse(&buf[..n]) else { continue };
                *locked(peer) = Some(from);
                if !association.resolves_locally(&target) {
                    forward(association, payload, target).await?;
                } else if lookups.len() < MAX_LOOKUPS {
                    let (association, payload) = (association.clone(), payload.to_vec());
                    let target = target.into_owned();
                    lookups.spawn(async move {
                        match timeout(LOOKUP_TIMEOUT, association.resolved(target, None)).await {
                            Ok(Ok(target)) => forward(&association, &payload, target).await,
                            _ => Ok(()),
                        }
                    });
                }
            }
            Some(_) = lookups.join_next() => {}
        }
    }
}

/// Forwards the relay's datagrams until the association ends.
async fn to_client(association: &Socks5UdpSocket, peer: &Peer, socket: &UdpSocket) -> io::Result<()> {
    let mut buf = vec![0; HEADROOM + MAX_DATAGRAM];
    loop {
        let datagram = match association.recv_in_place(&mut buf).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Err(error),
            Err(_) => continue,
            Ok(datagram) => datagram,
        };
        let peer = *locked(peer);
        if let Some(peer) = peer {
            let mut bytes = Vec::with_capacity(HEADROOM + datagram.payload.len());
            datagram.source.put_header(|part| bytes.extend_from_slice(part));
            bytes.extend_from_slice(datagram.payload);
            // The client may have closed its socket, or not opened it yet.
            let _ = socket.send_to(&bytes, peer).await;
        }
    }
}

/// Forwards a datagram. Fails if the association has ended, and ignores other errors.
async fn forward(association: &Socks5UdpSocket, payload: &[u8], target: Target<'_>) -> io::Result<()> {
    match association.send_to(payload, target).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Err(error),
        _ => Ok(()),
    }
}

/// Returns the payload and the target of a client's datagram, unless it is malformed or a
/// fragment.
fn parse(bytes: &[u8]) -> Option<(&[u8], Target<'_>)> {
    let datagram = Datagram::parse(bytes).ok()?;
    let host = match datagram.source {
        _ if datagram.fragment != 0 => return None,
        Source::Ip(addr) => Host::Ip(addr.ip()),
        Source::Name(name, _) => str::from_utf8(name).ok()?.try_into().ok()?,
    };
    Some((datagram.payload, Target::new(host, datagram.source.port())))
}
