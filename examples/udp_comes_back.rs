//! A UDP socket that associates anew when the proxy has ended the association, for a client that
//! runs for days. Copy `Returning`.
//!
//! ```text
//! # Everything in this process; the proxy ends the first association:
//! cargo run --example udp_comes_back
//! # A proxy and an echo server of yours:
//! cargo run --example udp_comes_back -- socks5://127.0.0.1:1080 echo.example:7
//! ```

mod local;

use anysocks::tokio::{Connector, Socks5UdpSocket};
use anysocks::{Address, Proxy};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A socket that associates anew after the end of its association.
struct Returning {
    connector: Connector,
    socket: Socks5UdpSocket,
    pause: Duration,
}

/// What a receive returns.
enum Event {
    Datagram(usize, Address),
    /// The association has ended with this error, and there is a new one. Datagrams may have been
    /// lost, and the peers see another source: the protocol above begins anew.
    Returned(io::Error),
}

impl Returning {
    async fn associate(connector: Connector) -> Result<Self, anysocks::Error> {
        let socket = connector.associate().await?;
        Ok(Self { connector, socket, pause: FIRST_PAUSE })
    }

    /// Sends a datagram. One that is sent after the end is lost; the next receive makes a new
    /// association.
    async fn send_to(&self, payload: &[u8], target: &str) -> io::Result<()> {
        match self.socket.send_to(payload, target).await {
            Err(error) if has_ended(&error) || is_refusal(&error) => Ok(()),
            sent => sent.map(drop),
        }
    }

    /// Receives a datagram, or returns after a new association was made. A cancelled call loses
    /// neither.
    async fn recv(&mut self, buf: &mut [u8]) -> io::Result<Event> {
        loop {
            match self.socket.recv_from(buf).await {
                Ok((len, source)) => {
                    self.pause = FIRST_PAUSE;
                    return Ok(Event::Datagram(len, source));
                }
                Err(error) if has_ended(&error) => return self.associate_anew(error).await,
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Associates anew, with a pause before each attempt that doubles. Only a failure that waiting
    /// can't mend ends this.
    async fn associate_anew(&mut self, end: io::Error) -> io::Result<Event> {
        loop {
            sleep(self.pause).await;
            self.pause = (2 * self.pause).min(LONGEST_PAUSE);
            match self.connector.associate().await {
                Ok(socket) => {
                    self.socket = socket;
                    return Ok(Event::Returned(end));
                }
                Err(error) if error.is_retryable() => eprintln!("no association yet: {error}"),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn has_ended(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<anysocks::Error>());
    inner.is_some_and(|error| matches!(error.kind(), anysocks::ErrorKind::AssociationEnded(_)))
}

/// Whether the relay refused an earlier datagram, as one does that has just ended.
fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let is_local = args.len() == 0;
    let (proxy, target) = match (args.next(), args.next()) {
        (Some(proxy), Some(target)) => (proxy, target),
        (Some(_), None) => return Err("the address of an echo server is missing".into()),
        (None, _) => (format!("socks5://{}", interrupted_proxy()?), local::echo()?.to_string()),
    };

    let connector = Connector::new(proxy.parse::<Proxy>()?);
    let mut socket = Returning::associate(connector).await?;
    let (mut echoes, mut returns) = (0, 0);
    let mut buf = [0; 2048];
    // The proxy in this process ends the first association after a while.
    while echoes < 4 || (is_local && returns == 0) {
        socket.send_to(b"are you there?", &target).await?;
        match timeout(Duration::from_secs(2), socket.recv(&mut buf)).await {
            Err(_) => println!("a datagram was lost"),
            Ok(event) => match event? {
                Event::Datagram(len, source) => {
                    echoes += 1;
                    sleep(Duration::from_millis(50)).await;
                    println!("{source} returned {:?}", String::from_utf8_lossy(&buf[..len]));
                }
                Event::Returned(end) => {
                    returns += 1;
                    println!("a new association, because: {end}");
                }
            },
        }
    }
    Ok(())
}

/// Starts a proxy on a free port, which ends the connection of its first client soon.
fn interrupted_proxy() -> io::Result<SocketAddr> {
    let proxy = local::proxy()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    local::in_background(async move {
        let listener = TcpListener::from_std(listener)?;
        let mut life = Duration::from_millis(300);
        loop {
            let (mut client, _) = listener.accept().await?;
            tokio::spawn(async move {
                let mut proxy = TcpStream::connect(proxy).await?;
                timeout(life, copy_bidirectional(&mut client, &mut proxy)).await?
            });
            life = Duration::MAX;
        }
    })?;
    Ok(addr)
}
