//! A SOCKS5 server with BIND alone, for one client at a time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Starts the server on a free port. It runs until the process ends.
pub(crate) fn proxy() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming() {
            if let Err(error) = client.and_then(|client| serve(&client)) {
                eprintln!("the SOCKS server in this process: {error}");
            }
        }
    });
    Ok(addr)
}

fn serve(mut client: &TcpStream) -> io::Result<()> {
    let [_, methods] = receive(client)?;
    for _ in 0..methods {
        receive::<1>(client)?;
    }
    client.write_all(&[5, 0])?;
    let [_, command, _, address_type] = receive(client)?;
    if (command, address_type) != (2, 1) {
        // Command not supported. This server also supports no addresses but IPv4.
        return reply(client, 7, ([0; 4], 0));
    }
    // DST.ADDR and DST.PORT: the expected peer. This server accepts any peer.
    receive::<6>(client)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    reply(client, 0, ([127, 0, 0, 1], listener.local_addr()?.port()))?;
    let (peer, addr) = listener.accept()?;
    reply(client, 0, ([127, 0, 0, 1], addr.port()))?;
    relay(client, &peer)
}

fn receive<const N: usize>(mut client: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn reply(mut client: &TcpStream, code: u8, (ip, port): ([u8; 4], u16)) -> io::Result<()> {
    client.write_all(&[&[5, code, 0, 1][..], &ip, &port.to_be_bytes()].concat())
}

/// Copies in both directions until both have ended.
fn relay(client: &TcpStream, peer: &TcpStream) -> io::Result<()> {
    thread::scope(|scope| {
        let back = scope.spawn(|| one_way(peer, client));
        one_way(client, peer)?;
        back.join().unwrap_or_else(|_| Err(io::Error::other("the relay has panicked")))
    })
}

fn one_way(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
