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

/// A socket that can associate anew after the end of its association.
struct Returning {
    connector: Connector,
    socket: Socks5UdpSocket,
}

/// What a receive returns.
enum Event {
    Datagram(usize, Address),
    /// The association has ended with this error. Call [`Returning::come_back`].
    Ended(io::Error),
}

impl Returning {
    async fn associate(connector: Connector) -> Result<Self, anysocks::Error> {
        let socket = connector.associate().await?;
        Ok(Self { connector, socket })
    }

    /// Sends a datagram. One that is sent after the end is lost, and the next receive returns the
    /// end.
    async fn send_to(&self, payload: &[u8], target: &str) -> io::Result<()> {
        match self.socket.send_to(payload, target).await {
            Err(error) if has_ended(&error) || is_refusal(&error) => Ok(()),
            sent => sent.map(drop),
        }
    }

    /// Receives a datagram, or the end of the association. A cancelled call loses neither.
    async fn recv(&self, buf: &mut [u8]) -> io::Result<Event> {
        loop {
            match self.socket.recv_from(buf).await {
                Ok((len, source)) => return Ok(Event::Datagram(len, source)),
                Err(error) if has_ended(&error) => return Ok(Event::Ended(error)),
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Associates anew, after a pause that doubles with each failure. Only a failure that waiting
    /// can't mend ends this.
    ///
    /// Datagrams may have been lost, and the peers see another source: the protocol above begins
    /// anew. Do not cancel this call after a short time: the pauses begin anew too.
    async fn come_back(&mut self) -> Result<(), anysocks::Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
            match self.connector.associate().await {
                Ok(socket) => {
                    self.socket = socket;
                    return Ok(());
                }
                Err(error) if error.is_retryable() => eprintln!("no association yet: {error}"),
                Err(error) => return Err(error),
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
                Event::Ended(end) => {
                    println!("{end}");
                    socket.come_back().await?;
                    returns += 1;
                    println!("there is a new association");
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
