//! The server side of SOCKS5 (RFC 1928 §3 to §6, RFC 1929) that a forwarder needs.

use super::shared::{Shared, is_right};
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use crate::protocol::socks5::PASSWORD;
use crate::protocol::target::{Host, Target};
use crate::protocol::wire;
use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The request of a client.
pub(super) enum Request {
    Connect(Target<'static>),
    /// UDP ASSOCIATE with the source port that the client declares, or 0.
    UdpAssociate(u16),
    /// A request that is refused with this code.
    Refused(Reply),
}

/// METHOD `00`: no authentication.
const NONE: u8 = 0;

fn handshake_failed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a client of this endpoint")
}

/// Authenticates a client and reads its request, within the timeout of the handshake.
pub(super) async fn authenticate<W>(
    mut client: TcpStream,
    shared: Arc<Shared<W>>,
) -> io::Result<(TcpStream, Request)> {
    client.set_nodelay(true)?;
    shared.limits.keepalive.enable(&client)?;
    let request = async {
        authenticate_client(&mut client, shared.password.as_deref().map(|password| &***password)).await?;
        request(&mut client).await
    };
    let request = timeout(shared.limits.handshake, request).await??;
    Ok((client, request))
}

/// Negotiates a METHOD: a password, or none if there is no password.
async fn authenticate_client(client: &mut TcpStream, expected: Option<&str>) -> io::Result<()> {
    let [version, methods] = read::<2>(client).await?;
    let mut offered = vec![0; methods.into()];
    client.read_exact(&mut offered).await?;
    let method = if expected.is_some() { PASSWORD } else { NONE };
    if version != 5 || !offered.contains(&method) {
        client.write_all(&[5, 0xFF]).await?;
        return Err(handshake_failed());
    }
    client.write_all(&[5, method]).await?;
    let Some(expected) = expected else { return Ok(()) };
    let [version] = read::<1>(client).await?;
    let user = read_prefixed(client).await?;
    let password = read_prefixed(client).await?;
    if version != 1 || !is_right(expected, &user, &password) {
        client.write_all(&[1, 1]).await?;
        return Err(handshake_failed());
    }
    client.write_all(&[1, 0]).await
}

async fn request(client: &mut TcpStream) -> io::Result<Request> {
    let [version, command, _, atyp] = read::<4>(client).await?;
    if version != 5 {
        return Err(handshake_failed());
    }
    let host = match atyp {
        1 => Some(Host::Ip(Ipv4Addr::from(read::<4>(client).await?).into())),
        4 => Some(Host::Ip(Ipv6Addr::from(read::<16>(client).await?).into())),
        3 => {
            let name = String::from_utf8(read_prefixed(client).await?.to_vec()).ok();
            name.and_then(|name| Host::try_from(Cow::Owned(name)).ok())
        }
        _ => return Ok(Request::Refused(Reply::ADDRESS_TYPE_NOT_SUPPORTED)),
    };
    let port = u16::from_be_bytes(read(client).await?);
    Ok(match (command, host) {
        (1, Some(host)) => Request::Connect(Target::new(host, port)),
        (3, _) => Request::UdpAssociate(port),
        (1, None) => Request::Refused(Reply::GENERAL_FAILURE),
        _ => Request::Refused(Reply::COMMAND_NOT_SUPPORTED),
    })
}

/// Sends the reply.
pub(super) async fn reply(client: &mut TcpStream, code: Reply, bound: &Address) -> io::Result<()> {
    let unspecified = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let bound = bound.socket_addr().unwrap_or(unspecified);
    let mut message = vec![5, code.code(), 0];
    wire::put_address(&(bound.ip(), bound.port()).into(), |bytes| message.extend_from_slice(bytes));
    client.write_all(&message).await
}

/// Sends the reply of a refusal.
pub(super) async fn refuse(client: &mut TcpStream, code: Reply) -> io::Result<()> {
    reply(client, code, &SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into()).await
}

async fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads a length of one byte and this number of bytes, which may be a secret.
async fn read_prefixed(client: &mut TcpStream) -> io::Result<Zeroizing<Vec<u8>>> {
    let [len] = read::<1>(client).await?;
    let mut bytes = Zeroizing::new(vec![0; len.into()]);
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}
