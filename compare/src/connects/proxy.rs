//! A proxy on a thread. It grants every request, or keeps its clients waiting.

use std::future::pending;
use std::io::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::spawn;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot::{Sender, channel};
use tokio::time::sleep;

/// Many clients connect at once.
const BACKLOG: u32 = 4096;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Answers each message after this time.
    After(Duration),
    AtOnce,
    Never,
}

/// A proxy, which ends when this is dropped.
pub(crate) struct Proxy {
    pub(crate) addr: SocketAddr,
    waiting: Arc<AtomicUsize>,
    _end: Sender<()>,
}

impl Proxy {
    pub(crate) fn start(manner: Manner) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(async { listen() }).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let waiting = Arc::new(AtomicUsize::new(0));
        let (end, ended) = channel();
        let counter = Arc::clone(&waiting);
        spawn(move || {
            runtime.spawn(async move {
                loop {
                    let (client, _) = listener.accept().await.expect("a client");
                    tokio::spawn(Session { client, manner, waiting: Arc::clone(&counter) }.serve());
                }
            });
            // An error means that the sender was dropped.
            _ = runtime.block_on(ended);
        });
        Self { addr, waiting, _end: end }
    }

    /// How many messages have arrived that are not answered yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

fn listen() -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

struct Session {
    client: TcpStream,
    manner: Manner,
    waiting: Arc<AtomicUsize>,
}

impl Session {
    /// Ends with an error if the client closes the connection early.
    async fn serve(mut self) -> Result<()> {
        match self.client.read_u8().await? {
            4 => self.socks4().await?,
            _ => self.socks5().await?,
        }
        // The client closes first, as most applications do.
        while self.client.read(&mut [0; 64]).await? > 0 {}
        Ok(())
    }

    async fn socks4(&mut self) -> Result<()> {
        // CD and DSTPORT. An address 0.0.0.x means that a name follows the user id.
        self.skip(3).await?;
        let address = self.client.read_u32().await?;
        self.skip_text().await?;
        if address < 256 {
            self.skip_text().await?;
        }
        self.answer(&[0, 90, 0, 0, 0, 0, 0, 0]).await
    }

    async fn socks5(&mut self) -> Result<()> {
        let count = self.client.read_u8().await?;
        let mut methods = vec![0; count.into()];
        self.client.read_exact(&mut methods).await?;
        if methods.contains(&2) {
            self.answer(&[5, 2]).await?;
            self.skip(1).await?;
            self.skip_counted().await?;
            self.skip_counted().await?;
            self.answer(&[1, 0]).await?;
        } else {
            self.answer(&[5, 0]).await?;
        }
        self.skip(3).await?;
        match self.client.read_u8().await? {
            1 => self.skip(4).await?,
            4 => self.skip(16).await?,
            _ => self.skip_counted().await?,
        }
        self.skip(2).await?;
        self.answer(&[5, 0, 0, 1, 192, 0, 2, 7, 0x30, 0x39]).await
    }

    async fn answer(&mut self, message: &[u8]) -> Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.manner {
            Manner::After(delay) => sleep(delay).await,
            Manner::AtOnce => {}
            Manner::Never => pending().await,
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.client.write_all(message).await
    }

    async fn skip(&mut self, count: usize) -> Result<()> {
        self.client.read_exact(&mut [0; 255][..count]).await.map(drop)
    }

    async fn skip_counted(&mut self) -> Result<()> {
        let count = self.client.read_u8().await?;
        self.skip(count.into()).await
    }

    async fn skip_text(&mut self) -> Result<()> {
        while self.client.read_u8().await? != 0 {}
        Ok(())
    }
}
