//! The proxy's side of SOCKS5 (RFC 1928 §3 to §6, RFC 1929), as far as a forwarder needs it.

use super::serve::Shared;
use crate::address::Address;
use crate::error::{Error, ErrorKind, Stage};
use crate::reply::Reply;
use crate::socks5::PASSWORD;
use crate::target::{Host, Target};
use crate::wire;
use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a client asks for.
pub(super) enum Request {
    Connect(Target<'static>),
    /// With the port that the client declares to send from, or 0.
    UdpAssociate(u16),
    /// Something that is refused with this code.
    Refused(Reply),
}

fn no_client() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a client of this endpoint")
}

/// Lets the client in who knows user name and password.
pub(super) async fn admit(client: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    let [version, methods] = read::<2>(client).await?;
    let mut offered = vec![0; methods.into()];
    client.read_exact(&mut offered).await?;
    if version != 5 || !offered.contains(&PASSWORD) {
        client.write_all(&[5, 0xFF]).await?;
        return Err(no_client());
    }
    client.write_all(&[5, PASSWORD]).await?;
    let [version] = read::<1>(client).await?;
    let user = read_counted(client).await?;
    let password = read_counted(client).await?;
    if version != 1 || !shared.admits(&user, &password) {
        client.write_all(&[1, 1]).await?;
        return Err(no_client());
    }
    client.write_all(&[1, 0]).await
}

/// Reads the request.
pub(super) async fn request(client: &mut TcpStream) -> io::Result<Request> {
    let [version, command, _, atyp] = read::<4>(client).await?;
    if version != 5 {
        return Err(no_client());
    }
    let host = match atyp {
        1 => Some(Host::Ip(Ipv4Addr::from(read::<4>(client).await?).into())),
        4 => Some(Host::Ip(Ipv6Addr::from(read::<16>(client).await?).into())),
        3 => {
            let name = String::from_utf8(read_counted(client).await?).ok();
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

/// Answers the request.
pub(super) async fn reply(client: &mut TcpStream, code: Reply, bound: &Address) -> io::Result<()> {
    let unspecified = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let bound = bound.socket_addr().unwrap_or(unspecified);
    let mut message = vec![5, code.0, 0];
    wire::put_address(&(bound.ip(), bound.port()).into(), |bytes| message.extend_from_slice(bytes));
    client.write_all(&message).await
}

/// The code that comes nearest to why there is no connection.
pub(super) fn code(error: &Error) -> Reply {
    match (error.stage(), error.kind()) {
        (_, ErrorKind::Refused(reply)) if matches!(reply.0, 1..=8 | 0xF0..) => *reply,
        (Stage::Resolve, _) => Reply::HOST_UNREACHABLE,
        (Stage::Direct, _) => match error.io_kind() {
            io::ErrorKind::ConnectionRefused => Reply::CONNECTION_REFUSED,
            io::ErrorKind::NetworkUnreachable => Reply::NETWORK_UNREACHABLE,
            _ => Reply::HOST_UNREACHABLE,
        },
        _ if error.is_timeout() => Reply::TTL_EXPIRED,
        _ => Reply::GENERAL_FAILURE,
    }
}

async fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads a length of one byte, and so many bytes.
async fn read_counted(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [len] = read::<1>(client).await?;
    let mut bytes = vec![0; len.into()];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}
