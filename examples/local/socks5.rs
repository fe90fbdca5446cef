//! A SOCKS5 server: CONNECT and UDP ASSOCIATE, without authentication.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UdpSocket, lookup_host};

const NO_AUTHENTICATION: u8 = 0;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;

const CONNECT: u8 = 1;
const UDP_ASSOCIATE: u8 = 3;

const SUCCEEDED: u8 = 0;
const GENERAL_FAILURE: u8 = 1;
const CONNECTION_REFUSED: u8 = 5;
const COMMAND_NOT_SUPPORTED: u8 = 7;
const ADDRESS_TYPE_NOT_SUPPORTED: u8 = 8;

const UNSPECIFIED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Serves one client, until both directions have ended.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(client: &mut S) -> io::Result<()> {
    let [_, count] = read(client).await?;
    let mut methods = vec![0; count.into()];
    client.read_exact(&mut methods).await?;
    if !methods.contains(&NO_AUTHENTICATION) {
        return client.write_all(&[5, NO_ACCEPTABLE_METHOD]).await;
    }
    client.write_all(&[5, NO_AUTHENTICATION]).await?;
    let [_, command, _] = read(client).await?;
    let (host, port) = match address(client).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            return reply(client, ADDRESS_TYPE_NOT_SUPPORTED, UNSPECIFIED).await;
        }
        address => address?,
    };
    match command {
        CONNECT => match TcpStream::connect((host, port)).await {
            Ok(mut target) => {
                reply(client, SUCCEEDED, target.local_addr()?).await?;
                copy_bidirectional(client, &mut target).await.map(drop)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                reply(client, CONNECTION_REFUSED, UNSPECIFIED).await
            }
            Err(_) => reply(client, GENERAL_FAILURE, UNSPECIFIED).await,
        },
        UDP_ASSOCIATE => {
            let relay = UdpSocket::bind(FREE_PORT).await?;
            reply(client, SUCCEEDED, relay.local_addr()?).await?;
            tokio::select! {
                // The association ends with its connection.
                _ = client.read_u8() => Ok(()),
                ended = forward(&relay) => ended,
            }
        }
        _ => reply(client, COMMAND_NOT_SUPPORTED, UNSPECIFIED).await,
    }
}

/// Forwards datagrams between the client, which is the first to send one, and its peers.
async fn forward(relay: &UdpSocket) -> io::Result<()> {
    let v4 = UdpSocket::bind(UNSPECIFIED).await?;
    let v6 = match UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await {
        Ok(v6) => v6,
        // There is no IPv6: a socket that receives nothing.
        Err(_) => UdpSocket::bind(UNSPECIFIED).await?,
    };
    let (mut out, mut from_v4, mut from_v6) = ([0; 2048], [0; 2048], [0; 2048]);
    let (_, client) = relay.peek_from(&mut out).await?;
    relay.connect(client).await?;
    loop {
        tokio::select! {
            received = relay.recv(&mut out) => {
                if let Some((addr, payload)) = unwrap(&out[..received?]).await {
                    let sent = if addr.is_ipv4() { &v4 } else { &v6 }.send_to(payload, addr).await;
                    if let Err(error) = sent {
                        eprintln!("the relay in this process: {addr}: {error}");
                    }
                }
            }
            received = v4.recv_from(&mut from_v4) => {
                let (len, from) = received?;
                relay.send(&wrap(from, &from_v4[..len])).await?;
            }
            received = v6.recv_from(&mut from_v6) => {
                let (len, from) = received?;
                relay.send(&wrap(from, &from_v6[..len])).await?;
            }
        }
    }
}

/// Returns the target and the payload of a client's datagram; nothing if it is malformed, a
/// fragment, or for a name without an address.
async fn unwrap(datagram: &[u8]) -> Option<(SocketAddr, &[u8])> {
    let [_, _, 0, rest @ ..] = datagram else { return None };
    let mut payload = rest;
    let target = address(&mut payload).await.ok()?;
    Some((lookup_host(target).await.ok()?.next()?, payload))
}

fn wrap(from: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0; 3];
    put(&mut datagram, from);
    datagram.extend_from_slice(payload);
    datagram
}

async fn read<const N: usize>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads ATYP, an address or a name, and a port.
async fn address(from: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, u16)> {
    let host = match from.read_u8().await? {
        1 => Ipv4Addr::from(read::<4>(from).await?).to_string(),
        3 => {
            let mut name = vec![0; from.read_u8().await?.into()];
            from.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?
        }
        4 => Ipv6Addr::from(read::<16>(from).await?).to_string(),
        _ => return Err(ErrorKind::Unsupported.into()),
    };
    Ok((host, from.read_u16().await?))
}

async fn reply(client: &mut (impl AsyncWrite + Unpin), code: u8, bound: SocketAddr) -> io::Result<()> {
    let mut reply = vec![5, code, 0];
    put(&mut reply, bound);
    client.write_all(&reply).await
}

/// Appends ATYP, the address and the port.
fn put(message: &mut Vec<u8>, addr: SocketAddr) {
    match addr.ip() {
        IpAddr::V4(ip) => message.extend([&[1][..], &ip.octets()].concat()),
        IpAddr::V6(ip) => message.extend([&[4][..], &ip.octets()].concat()),
    }
    message.extend(addr.port().to_be_bytes());
}
