//! The parts of a SOCKS server that a trial scripts.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;

/// The request of a client.
pub(crate) struct Request {
    pub(crate) version: u8,
    pub(crate) command: u8,
    /// The bytes of an address, or a name.
    pub(crate) host: Vec<u8>,
    pub(crate) is_name: bool,
    pub(crate) port: u16,
}

/// Starts a server on loopback that treats each client like this.
pub(crate) fn serve(
    client: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let client = client.clone();
            // The probe closes a connection as soon as it knows enough.
            thread::spawn(move || client(stream));
        }
    });
    Ok(addr)
}

impl Request {
    /// Reads a request of either version, without authentication.
    pub(crate) fn read(client: &mut TcpStream) -> io::Result<Self> {
        match bytes(client)? {
            [4] => Self::read_v4(client),
            [5] => Self::read_v5(client),
            [_] => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn read_v4(client: &mut TcpStream) -> io::Result<Self> {
        let [command, hi, lo] = bytes(client)?;
        let ip: [u8; 4] = bytes(client)?;
        until_zero(client)?;
        let is_name = matches!(ip, [0, 0, 0, 1..=255]);
        let host = if is_name { until_zero(client)? } else { ip.to_vec() };
        Ok(Self { version: 4, command, host, is_name, port: u16::from_be_bytes([hi, lo]) })
    }

    fn read_v5(client: &mut TcpStream) -> io::Result<Self> {
        let methods = offered_methods(client)?;
        if !methods.contains(&0) {
            client.write_all(&[5, 0xff])?;
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        client.write_all(&[5, 0])?;
        let [_, command, _, atyp] = bytes(client)?;
        let len = match atyp {
            1 => 4,
            4 => 16,
            _ => bytes::<1>(client)?[0],
        };
        let host = counted(client, len)?;
        let port = u16::from_be_bytes(bytes(client)?);
        Ok(Self { version: 5, command, host, is_name: atyp == 3, port })
    }

    /// Answers with this REP of SOCKS5, or what SOCKS4 has in its place, and these BND.ADDR and
    /// BND.PORT.
    pub(crate) fn reply(&self, client: &mut TcpStream, rep: u8, bound: SocketAddrV4) -> io::Result<()> {
        let (ip, port) = (bound.ip().octets(), bound.port().to_be_bytes());
        client.write_all(&match (self.version, rep) {
            (4, 0) => [&[0, 90][..], &port, &ip].concat(),
            (4, _) => [&[0, 91][..], &port, &ip].concat(),
            (..) => [&[5, rep, 0, 1][..], &ip, &port].concat(),
        })
    }
}

/// What a server answers that gives no address.
pub(crate) const NOWHERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

/// Sends all back until the client closes the connection, as if the target did.
pub(crate) fn echo(client: &TcpStream) -> io::Result<()> {
    io::copy(&mut &*client, &mut &*client).map(drop)
}

/// Reads until the client closes the connection.
pub(crate) fn say_nothing(client: &TcpStream) -> io::Result<()> {
    io::copy(&mut &*client, &mut io::sink()).map(drop)
}

/// Reads the greeting of a client of SOCKS5, and returns its METHODs. Other versions are an error.
pub(crate) fn read_methods(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    match bytes(client)? {
        [5] => offered_methods(client),
        [_] => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn offered_methods(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [count] = bytes(client)?;
    counted(client, count)
}

fn bytes<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn counted(client: &mut TcpStream, len: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len.into()];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn until_zero(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        match self::bytes(client)? {
            [0] => return Ok(bytes),
            [byte] => bytes.push(byte),
        }
    }
}
