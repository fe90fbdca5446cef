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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A socket that can associate anew after the end of its association.
///
/// It pauses before each attempt, twice as long as before the last one, up to [`LONGEST_PAUSE`].
/// A success alone does not shorten the pause, because a proxy may grant associations and end each
/// at once. The pauses begin anew after an association that has received a datagram, or that has
/// lasted longer than the longest pause.
struct Returning {
    connector: Connector,
    socket: Socks5UdpSocket,
    /// When the association began. `None` once its end is known.
    began: Option<Instant>,
    has_received: AtomicBool,
    /// The pause before the next attempt.
    pause: Duration,
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
        let (began, has_received) = (Some(Instant::now()), false.into());
        Ok(Self { connector, socket, began, has_received, pause: FIRST_PAUSE })
    }

    /// Sends a datagram. One that is sent after the end is lost, and the next receive returns the
    /// end. An error concerns this datagram alone.
    async fn send_to(&self, payload: &[u8], target: &str) -> io::Result<()> {
        match self.socket.send_to(payload, target).await {
            Err(error) if has_ended(&error) || is_refusal(&error) => Ok(()),
            sent => sent.map(drop),
        }
    }

    /// Receives a datagram, or the end of the association. A cancelled call loses neither. After an
    /// error of the system, the socket can still be used.
    async fn recv(&self, buf: &mut [u8]) -> io::Result<Event> {
        loop {
            match self.socket.recv_from(buf).await {
                Ok((len, source)) => {
                    self.has_received.store(true, Ordering::Relaxed);
                    return Ok(Event::Datagram(len, source));
                }
                Err(error) if has_ended(&error) => return Ok(Event::Ended(error)),
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Associates anew after a pause. Returns the pause before the attempt that succeeded. Only a
    /// failure that waiting can't mend ends this.
    ///
    /// Datagrams may have been lost, and the peers see another source: the protocol above begins
    /// anew. Do not cancel this call after a short time: the next one waits for a whole pause.
    async fn come_back(&mut self) -> Result<Duration, anysocks::Error> {
        // `None` if this continues a cancelled call.
        if let Some(began) = self.began.take() {
            if *self.has_received.get_mut() || began.elapsed() > LONGEST_PAUSE {
                self.pause = FIRST_PAUSE;
            }
        }
        loop {
            let pause = self.pause;
            sleep(pause).await;
            self.pause = (2 * pause).min(LONGEST_PAUSE);
            match self.connector.associate().await {
                Ok(socket) => {
                    (self.socket, self.began) = (socket, Some(Instant::now()));
                    *self.has_received.get_mut() = false;
                    return Ok(pause);
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

/// Whether the relay refused an earlier datagram, as one does that has just ended. Windows reports
/// a reset.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let is_local = args.len() == 0;
    let interruption = Arc::new(Notify::new());
    let (proxy, target) = match (args.next(), args.next()) {
        (Some(proxy), Some(target)) => (proxy, target),
        (Some(_), None) => return Err("the address of an echo server is missing".into()),
        (None, _) => {
            let proxy = interrupted_proxy(Arc::clone(&interruption))?;
            (format!("socks5://{proxy}"), local::echo()?.to_string())
        }
    };

    let connector = Connector::new(proxy.parse::<Proxy>()?);
    let mut socket = Returning::associate(connector).await?;
    let (mut echoes, mut pauses) = (0, Vec::new());
    let mut buf = [0; 2048];
    // The proxy in this process ends the first three associations.
    while echoes < 4 || (is_local && pauses.len() < 3) {
        socket.send_to(b"are you there?", &target).await?;
        match timeout(Duration::from_secs(2), socket.recv(&mut buf)).await {
            Err(_) => println!("a datagram was lost"),
            Ok(event) => match event? {
                Event::Datagram(len, source) => {
                    echoes += 1;
                    if echoes == 2 {
                        interruption.notify_one();
                    }
                    sleep(Duration::from_millis(50)).await;
                    println!("{source} returned {:?}", String::from_utf8_lossy(&buf[..len]));
                }
                Event::Ended(end) => {
                    println!("{end}");
                    let pause = socket.come_back().await?;
                    println!("there is a new association, after a pause of {pause:?}");
                    pauses.push(pause);
                }
            },
        }
    }
    // Of the three associations, only the last one has received a datagram.
    if is_local && pauses != [FIRST_PAUSE, 2 * FIRST_PAUSE, FIRST_PAUSE] {
        return Err(format!("the pauses were {pauses:?}").into());
    }
    Ok(())
}

/// Starts a proxy on a free port. It grants two associations that it ends at once. It ends the next
/// one at the interruption.
fn interrupted_proxy(interruption: Arc<Notify>) -> io::Result<SocketAddr> {
    let proxy = local::proxy()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    local::in_background(async move {
        let listener = TcpListener::from_std(listener)?;
        for _ in 0..2 {
            grant(listener.accept().await?.0).await?;
        }
        loop {
            let (mut client, _) = listener.accept().await?;
            let interruption = Arc::clone(&interruption);
            tokio::spawn(async move {
                let mut proxy = TcpStream::connect(proxy).await?;
                tokio::select! {
                    copied = copy_bidirectional(&mut client, &mut proxy) => copied.map(drop),
                    () = interruption.notified() => Ok(()),
                }
            });
        }
    })?;
    Ok(addr)
}

/// Grants an association and closes its connection, which ends it.
async fn grant(mut client: TcpStream) -> io::Result<()> {
    client.read_exact(&mut [0; 3]).await?;
    client.write_all(&[5, 0]).await?;
    client.read_exact(&mut [0; 10]).await?;
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 9]).await
}
