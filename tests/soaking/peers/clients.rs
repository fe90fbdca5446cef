//! Clients of the forwarders: slow ones, some that end at any point, some that send garbage, and
//! good ones.

use super::UNRELIABLE;
use crate::dice::Dice;
use anysocks::Proxy;
use anysocks::tokio::{Socks5Stream, Socks5UdpSocket};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

/// Fewer than may authenticate at a time.
const CLIENTS: usize = 48;
/// A client that takes longer is cancelled.
const LIMIT: Duration = Duration::from_secs(20);
const TARGET: &str = "example.com:80";
const UDP_TARGET: &str = "192.0.2.1:53";

/// What good clients share.
#[derive(Default)]
pub(super) struct Good {
    streams: AtomicU64,
    datagrams: AtomicU64,
    may_fail: AtomicBool,
}

pub(super) fn start(runtime: &Runtime, by_rule: &str, single: &str, good: &Arc<Good>) {
    for n in 0..CLIENTS {
        let client = Client::of(by_rule, single, Dice::new(n as u64 + 90_000), Arc::clone(good));
        runtime.spawn(client.run());
    }
}

/// Allows good clients to fail from now on. Returns how many streams and datagrams
/// were echoed before.
pub(super) fn expect_errors(good: &Good) -> [u64; 2] {
    good.may_fail.store(true, Ordering::SeqCst);
    [&good.streams, &good.datagrams].map(|count| count.load(Ordering::SeqCst))
}

impl Good {
    /// # Panics
    ///
    /// If a client failed that must not fail.
    fn check(&self, client: &str, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            assert!(self.may_fail.load(Ordering::SeqCst), "a forwarder's client, {client}: {error}");
        }
    }
}

struct Client {
    good: Arc<Good>,
    /// The forwarder whose connector chooses by the target, and the one with a single proxy.
    proxy: Proxy,
    single: Proxy,
    addr: String,
    /// The messages of a connection, without waiting for answers.
    messages: Vec<u8>,
    dice: Dice,
}

impl Client {
    fn of(url: &str, single: &str, dice: Dice, good: Arc<Good>) -> Self {
        let proxy: Proxy = url.parse().expect("the URL of a forwarder");
        let single: Proxy = single.parse().expect("the URL of a forwarder");
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
        Self {
            good,
            proxy,
            single,
            addr: addr.trim_end_matches('/').to_owned(),
            messages: messages.concat(),
            dice,
        }
    }

    async fn run(mut self) {
        loop {
            // The forwarder disconnects bad clients, which is no failure.
            let _ = timeout(LIMIT, self.once()).await;
            sleep(self.dice.within(Duration::from_secs(2))).await;
        }
    }

    async fn once(&mut self) -> io::Result<()> {
        match self.dice.below(9) {
            0 => self.garbage().await,
            1 => self.slow().await,
            2 | 3 => self.cut().await,
            4 => self.silent().await,
            5 => {
                let outcome = self.datagrams().await;
                self.good.check("datagrams", outcome);
                Ok(())
            }
            6 => Socks5Stream::connect(&self.proxy, UNRELIABLE).await.map(drop).map_err(io::Error::other),
            _ => {
                let outcome = self.good().await;
                self.good.check("a stream", outcome);
                Ok(())
            }
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
        let sent: Vec<u8> = (0..self.dice.below(60_000)).map(|_| self.dice.byte()).collect();
        let mut echoed = vec![0; sent.len()];
        stream.write_all(&sent).await?;
        stream.read_exact(&mut echoed).await?;
        assert!(echoed == sent, "the forwarder changed the bytes of a stream");
        self.good.streams.fetch_add(1, Ordering::SeqCst);
        sleep(self.dice.within(Duration::from_secs(3))).await;
        Ok(())
    }

    async fn datagrams(&mut self) -> io::Result<()> {
        let socket = Socks5UdpSocket::associate(&self.single).await?;
        let (mut sent, mut buf) = (Vec::new(), [0; 1500]);
        for _ in 0..self.dice.below(20) {
            let payload: Vec<u8> = (0..self.dice.below(1200)).map(|_| self.dice.byte()).collect();
            socket.send_to(&payload, UDP_TARGET).await?;
            sent.push(payload);
            // A datagram may be lost.
            if let Ok(received) = timeout(Duration::from_secs(1), socket.recv_from(&mut buf)).await {
                let (n, from) = received?;
                let is_echo =
                    from.to_string() == UDP_TARGET && sent.iter().any(|payload| *payload == buf[..n]);
                assert!(is_echo, "the forwarder changed a datagram");
                self.good.datagrams.fetch_add(1, Ordering::SeqCst);
            }
        }
        Ok(())
    }
}
