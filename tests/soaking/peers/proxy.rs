//! Proxies of both versions that grant everything, or fail at a random point.

use crate::dice::Dice;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

const CONNECT: u8 = 1;

#[derive(Clone, Copy)]
enum Manner {
    Honest,
    Faulty,
    Silent,
}

/// What happens behind the bytes of the answers that are sent.
enum Fate {
    Grant,
    Silence,
    End,
    Garbage,
    Trickle,
}

/// Starts an honest proxy, a silent one and so many faulty ones.
pub(super) async fn start(faulty: usize) -> io::Result<Vec<SocketAddr>> {
    let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let relay_port = relay.local_addr()?.port();
    tokio::spawn(echo_datagrams(relay));
    let mut addresses = Vec::new();
    for n in 0..faulty + 2 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        addresses.push(listener.local_addr()?);
        let manner = [Manner::Honest, Manner::Silent].get(n).copied().unwrap_or(Manner::Faulty);
        tokio::spawn(async move {
            let mut served = 0;
            loop {
                // There may be no descriptor for a moment.
                let Ok((client, _)) = listener.accept().await else { continue };
                served += 1;
                let dice = Dice::new(served * 64 + n as u64);
                tokio::spawn(serve(client, manner, relay_port, dice));
            }
        });
    }
    Ok(addresses)
}

async fn echo_datagrams(relay: UdpSocket) {
    let mut datagram = [0; 2048];
    loop {
        if let Ok((n, from)) = relay.recv_from(&mut datagram).await {
            let _ = relay.send_to(&datagram[..n], from).await;
        }
    }
}

async fn serve(mut client: TcpStream, manner: Manner, relay_port: u16, mut dice: Dice) -> io::Result<()> {
    let (mut sent, fate) = match manner {
        Manner::Honest => (usize::MAX, Fate::Grant),
        Manner::Silent => (0, Fate::Silence),
        Manner::Faulty => match dice.below(16) {
            0 => (usize::MAX, Fate::Grant),
            1 => (dice.below(14), Fate::End),
            2 => (dice.below(14), Fate::Garbage),
            3 => (dice.below(14), Fate::Trickle),
            _ => (dice.below(14), Fate::Silence),
        },
    };
    match converse(&mut client, relay_port, &mut sent).await? {
        Some(CONNECT) => echo(client).await,
        Some(_) => until_closed(&mut client).await,
        None => fail(client, fate, dice).await,
    }
}

/// Answers up to so many bytes. Returns the command of a request that was granted.
async fn converse(client: &mut TcpStream, relay_port: u16, left: &mut usize) -> io::Result<Option<u8>> {
    if client.read_u8().await? == 4 {
        let mut head = [0; 7];
        client.read_exact(&mut head).await?;
        until_nul(client).await?;
        if head[3..6] == [0; 3] {
            until_nul(client).await?;
        }
        let is_whole = answer(client, &[0, 90, 0, 80, 192, 0, 2, 7], left).await?;
        return Ok(is_whole.then_some(head[0]));
    }
    let mut methods = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut methods).await?;
    if methods.contains(&2) {
        if !answer(client, &[5, 2], left).await? {
            return Ok(None);
        }
        client.read_u8().await?;
        for _ in 0..2 {
            let mut text = vec![0; client.read_u8().await?.into()];
            client.read_exact(&mut text).await?;
        }
        if !answer(client, &[1, 0], left).await? {
            return Ok(None);
        }
    } else if !answer(client, &[5, 0], left).await? {
        return Ok(None);
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let len = match head[3] {
        1 => 4,
        3 => client.read_u8().await?.into(),
        _ => 16,
    };
    client.read_exact(&mut vec![0; len + 2]).await?;
    let [high, low] = relay_port.to_be_bytes();
    let is_whole = answer(client, &[5, 0, 0, 1, 127, 0, 0, 1, high, low], left).await?;
    Ok(is_whole.then_some(head[1]))
}

async fn until_nul(client: &mut TcpStream) -> io::Result<()> {
    while client.read_u8().await? != 0 {}
    Ok(())
}

/// Returns whether all of it was sent.
async fn answer(client: &mut TcpStream, message: &[u8], left: &mut usize) -> io::Result<bool> {
    let n = message.len().min(*left);
    *left -= n;
    client.write_all(&message[..n]).await?;
    Ok(n == message.len())
}

async fn fail(mut client: TcpStream, fate: Fate, mut dice: Dice) -> io::Result<()> {
    match fate {
        Fate::Grant | Fate::Silence => {}
        Fate::End => return Ok(()),
        Fate::Garbage => {
            let garbage: Vec<u8> = (0..dice.below(600)).map(|_| dice.byte()).collect();
            client.write_all(&garbage).await?;
        }
        Fate::Trickle => {
            // A long reply, most of the time.
            for byte in [0, 3, 255].into_iter().chain([b'a'; 255]) {
                client.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    until_closed(&mut client).await
}

async fn until_closed(client: &mut TcpStream) -> io::Result<()> {
    let mut buf = [0; 512];
    while client.read(&mut buf).await? > 0 {}
    Ok(())
}

async fn echo(mut client: TcpStream) -> io::Result<()> {
    let mut buf = vec![0; 4096];
    loop {
        match client.read(&mut buf).await? {
            0 => return Ok(()),
            n => client.write_all(&buf[..n]).await?,
        }
    }
}
