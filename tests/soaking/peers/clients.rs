//! Clients of the forwarder: slow ones, some that end at any point, some that send garbage, and
//! good ones.

use super::UNRELIABLE;
use crate::dice::Dice;
use anysocks::tokio::{Socks5Stream, Socks5UdpSocket};
use anysocks::{Error, Proxy};
use std::io;
use std::process;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

/// Fewer than may authenticate at a time.
const CLIENTS: usize = 48;
const TARGET: &str = "example.com:80";

pub(super) fn start(runtime: &Runtime, url: &str, generation: usize) {
    for n in 0..CLIENTS {
        let client = Client::of(url, Dice::new((generation * CLIENTS + n) as u64 + 90_000));
        runtime.spawn(client.run());
    }
}

struct Client {
    proxy: Proxy,
    addr: String,
    /// The messages of a connection, without waiting for answers.
    messages: Vec<u8>,
    dice: Dice,
}

impl Client {
    fn of(url: &str, dice: Dice) -> Self {
        let proxy: Proxy = url.parse().expect("the URL of a forwarder");
        let (_, rest) = url.split_once("://").expect("a scheme");
        let (userinfo, addr) = rest.split_once('@').expect("a user");
        let (user, password) = userinfo.split_once(':').expect("a password");
        let text = |text: &str| [&[u8::try_from(text.len()).expect("a short one")], text.as_bytes()].concat();
        let messages = [
            &[5, 1, 2, 1][..],
            &text(user),
            &text(password),
            b"\x05\x01\x00\x03\x0bexample.com\x00\x50",
            &[b'x'; 2000],
        ];
        Self { proxy, addr: addr.trim_end_matches('/').to_owned(), messages: messages.concat(), dice }
    }

    async fn run(mut self) {
        loop {
            // A client that is cut off has nothing to report.
            let _ = timeout(Duration::from_secs(20), self.once()).await;
            sleep(self.dice.within(Duration::from_secs(2))).await;
        }
    }

    async fn once(&mut self) -> io::Result<()> {
        match self.dice.below(9) {
            0 => self.garbage().await,
            1 => self.slow().await,
            2 | 3 => self.cut().await,
            4 => self.silent().await,
            5 => self.datagrams().await.map_err(io::Error::other),
            6 => Socks5Stream::connect(&self.proxy, UNRELIABLE).await.map(drop).map_err(io::Error::other),
            _ => self.good().await,
        }
    }

    async fn garbage(&mut self) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.addr).await?;
        let garbage: Vec<u8> = (0..self.dice.below(3000)).map(|_| self.dice.byte()).collect();
        stream.write_all(&garbage).await?;
        while stream.read(&mut [0; 512]).await? > 0 {}
        Ok(())
    }

    /// The forwarder disconnects a client that needs more than five seconds.
    async fn slow(&mut self) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.addr).await?;
        for byte in &self.messages {
            stream.write_all(&[*byte]).await?;
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Ends in the middle: by a FIN, or if answers were not read, by a reset.
    async fn cut(&mut self) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.addr).await?;
        stream.write_all(&self.messages[..self.dice.below(self.messages.len())]).await?;
        sleep(self.dice.within(Duration::from_millis(100))).await;
        if self.dice.one_in(2) {
            stream.shutdown().await?;
            sleep(self.dice.within(Duration::from_secs(8))).await;
        }
        Ok(())
    }

    async fn silent(&mut self) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.addr).await?;
        while stream.read(&mut [0; 512]).await? > 0 {}
        Ok(())
    }

    async fn good(&mut self) -> io::Result<()> {
        let mut stream = Socks5Stream::connect(&self.proxy, TARGET).await?;
        let sent = vec![self.dice.byte(); self.dice.below(60_000)];
        stream.write_all(&sent).await?;
        let mut echoed = vec![0; sent.len()];
        stream.read_exact(&mut echoed).await?;
        if echoed != sent {
            eprintln!("FAILED: the forwarder has changed what it forwards");
            process::exit(1);
        }
        sleep(self.dice.within(Duration::from_secs(3))).await;
        Ok(())
    }

    async fn datagrams(&mut self) -> Result<(), Error> {
        let socket = Socks5UdpSocket::associate(&self.proxy).await?;
        let mut buf = [0; 1500];
        for _ in 0..self.dice.below(20) {
            let payload = vec![self.dice.byte(); self.dice.below(1200)];
            if socket.send_to(&payload, "192.0.2.1:53").await.is_err() {
                break;
            }
            // A datagram may be lost.
            let _ = timeout(Duration::from_secs(1), socket.recv_from(&mut buf)).await;
        }
        Ok(())
    }
}
