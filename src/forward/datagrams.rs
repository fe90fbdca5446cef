//! The relay of a forwarder: from the client's datagrams to those of an association, and back.

use super::handshake;
use crate::protocol::reply::Reply;
use crate::protocol::target::{Host, Target};
use crate::tokio::Socks5UdpSocket;
use crate::udp::{Datagram, HEADROOM, Source};
use std::io;
use std::net::SocketAddr;
use std::str;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The most that a datagram has.
const LONGEST: usize = 64 * 1024;

/// How many names are looked up here at once for one client, and for how long. More datagrams to names are lost, as datagrams are.
const LOOKUPS: usize = 16;
const LOOKUP_LIMIT: Duration = Duration::from_secs(10);

/// Relays datagrams until the client closes its connection, or the association ends.
pub(super) async fn relay(
    mut client: TcpStream,
    declared: u16,
    association: Socks5UdpSocket,
) -> io::Result<()> {
    let socket = UdpSocket::bind((client.local_addr()?.ip(), 0)).await?;
    handshake::reply(&mut client, Reply::SUCCEEDED, &socket.local_addr()?.into()).await?;
    let client_ip = client.peer_addr()?.ip();
    let mut peer = (declared != 0).then(|| SocketAddr::new(client_ip, declared));
    let mut from_client = vec![0; LONGEST];
    let mut from_relay = vec![0; HEADROOM + LONGEST];
    // A name server that is slow must not hold up what goes to others.
    let mut lookups = JoinSet::new();
    loop {
        tokio::select! {
            // Whatever it says, nothing belongs there.
            ended = client.read_u8() => return ended.map(drop),
            received = socket.recv_from(&mut from_client) => {
                // An error is news of a datagram that the client did not take.
                let Ok((n, from)) = received else { continue };
                if from.ip() != client_ip || peer.is_some_and(|peer| peer != from) {
                    continue;
                }
                let Some((payload, target)) = addressed(&from_client[..n]) else { continue };
                peer = Some(from);
                if !association.resolves_locally(&target) {
                    forward(&association, payload, target).await?;
                } else if lookups.len() < LOOKUPS {
                    let (association, payload) = (association.clone(), payload.to_vec());
                    let target = target.into_owned();
                    lookups.spawn(timeout(LOOKUP_LIMIT, async move {
                        forward(&association, &payload, target).await
                    }));
                }
            }
            Some(_) = lookups.join_next() => {}
            received = association.recv_in_place(&mut from_relay) => {
                let datagram = match received {
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Err(error),
                    Err(_) => continue,
                    Ok(datagram) => datagram,
                };
                if let Some(peer) = peer {
                    let mut bytes = Vec::with_capacity(HEADROOM + datagram.payload.len());
                    datagram.source.put_header(|part| bytes.extend_from_slice(part));
                    bytes.extend_from_slice(datagram.payload);
                    // The client may not listen any more, or not yet.
                    let _ = socket.send_to(&bytes, peer).await;
                }
            }
        }
    }
}

/// Sends a datagram on. What can't be sent is lost, as datagrams are; an association that has ended is an error.
async fn forward(association: &Socks5UdpSocket, payload: &[u8], target: Target<'_>) -> io::Result<()> {
    match association.send_to(payload, target).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Err(error),
        _ => Ok(()),
    }
}

/// Payload and target of a client's datagram, if it is one, and no fragment.
fn addressed(bytes: &[u8]) -> Option<(&[u8], Target<'_>)> {
    let datagram = Datagram::parse(bytes).ok()?;
    let host = match datagram.source {
        _ if datagram.fragment != 0 => return None,
        Source::Ip(addr) => Host::Ip(addr.ip()),
        Source::Name(name, _) => str::from_utf8(name).ok()?.try_into().ok()?,
    };
    Some((datagram.payload, Target::new(host, datagram.source.port())))
}
