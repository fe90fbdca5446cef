//! A proxy of both versions that grants everything, connects to nothing, resolves nothing, and
//! records the names of the requests. Its relay echoes datagrams. If the client has a user name,
//! the proxy replies with it to UDP ASSOCIATE as the relay's name.

use crate::recorder::Names;
use anysocks::udp::{Datagram, Source};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::str;
use std::thread;

pub(crate) struct Granting {
    pub(crate) addr: SocketAddr,
    pub(crate) asked: Names,
}

impl Granting {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (addr, relay_port, asked) =
            (listener.local_addr()?, relay.local_addr()?.port(), Names::default());
        let names = asked.clone();
        thread::spawn(move || {
            let mut datagram = [0; 1500];
            while let Ok((n, from)) = relay.recv_from(&mut datagram) {
                let _ = relay.send_to(&datagram[..n], from);
                if let Ok(Datagram { source: Source::Name(name, _), .. }) = Datagram::parse(&datagram[..n]) {
                    names.add(&String::from_utf8_lossy(name));
                }
            }
        });
        let names = asked.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let names = names.clone();
                // It ends when the client closes the connection, or sends other bytes.
                thread::spawn(move || serve(client, relay_port, &names));
            }
        });
        Ok(Self { addr, asked })
    }
}

/// The target that is granted may be another proxy, which is this one as well.
fn serve(mut client: TcpStream, relay_port: u16, names: &Names) -> io::Result<()> {
    loop {
        match read::<1>(&mut client)? {
            [4] => serve4(&mut client, names)?,
            [5] => serve5(&mut client, relay_port, names)?,
            _ => return Ok(()),
        }
    }
}

fn serve4(client: &mut TcpStream, names: &Names) -> io::Result<()> {
    let [command, _, _, ip @ ..] = read::<7>(client)?;
    until_nul(client)?;
    if ip[..3] == [0; 3] && ip[3] != 0 {
        names.add(&until_nul(client)?);
    }
    let reply = [0, 90, 0, 80, 192, 0, 2, 7];
    client.write_all(&reply.repeat(if command == 2 { 2 } else { 1 }))
}

fn serve5(client: &mut TcpStream, relay_port: u16, names: &Names) -> io::Result<()> {
    let mut methods = vec![0; counted(client)?.into()];
    client.read_exact(&mut methods)?;
    let user =
        if methods.contains(&2) { user(client)? } else { client.write_all(&[5, 0]).map(|()| Vec::new())? };
    let [_, command, _, atyp] = read(client)?;
    let [len] = if atyp == 3 { read(client)? } else { [if atyp == 1 { 4 } else { 16 }] };
    let mut host = vec![0; len.into()];
    client.read_exact(&mut host)?;
    if atyp == 3 {
        names.add(str::from_utf8(&host).map_err(io::Error::other)?);
    }
    read::<2>(client)?;
    let [high, low] = relay_port.to_be_bytes();
    let relay_reply =
        [&[5, 0, 0, 3, u8::try_from(user.len()).map_err(io::Error::other)?], &*user, &[high, low]].concat();
    let reply: &[u8] = match command {
        3 if !user.is_empty() => &relay_reply,
        3 => &[5, 0, 0, 1, 127, 0, 0, 1, high, low],
        0xF1 => b"\x05\0\0\x03\x04name\0\0",
        _ => &[5, 0, 0, 1, 192, 0, 2, 7, 0, 80],
    };
    client.write_all(&reply.repeat(if command == 2 { 2 } else { 1 }))
}

/// Accepts user name and password. Returns the user name.
fn user(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    client.write_all(&[5, 2])?;
    read::<1>(client)?;
    let mut user = vec![0; counted(client)?.into()];
    client.read_exact(&mut user)?;
    let mut password = vec![0; counted(client)?.into()];
    client.read_exact(&mut password)?;
    client.write_all(&[1, 0])?;
    Ok(user)
}

fn counted(client: &mut TcpStream) -> io::Result<u8> {
    read(client).map(|[count]| count)
}

fn until_nul(client: &mut TcpStream) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        match read::<1>(client)? {
            [0] => return String::from_utf8(text).map_err(io::Error::other),
            [byte] => text.push(byte),
        }
    }
}

fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}
