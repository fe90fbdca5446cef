//! The target in this process: it sends back all that it receives.

use crate::blocking::wait::wait;
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most connections in one run. The probe itself makes fewer: others on this machine can
/// connect too.
const MOST_CONNECTIONS: usize = 64;

/// How soon the threads end.
const RECHECK: Duration = Duration::from_millis(100);

/// Servers that run until this value is dropped.
pub(super) struct Echo {
    pub(super) tcp: Addresses,
    pub(super) udp: Addresses,
    shared: Arc<Shared>,
}

/// The addresses of one server, at one port. The proxy may resolve its name to either.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    pub(super) v4: SocketAddr,
    /// `None` without IPv6.
    pub(super) v6: Option<SocketAddr>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    clients: Mutex<Vec<TcpStream>>,
}

impl Echo {
    pub(super) fn start() -> io::Result<Self> {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let v4 = tcp.local_addr()?;
        let tcp_v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, v4.port())).ok();
        let v6 = tcp_v6.as_ref().and_then(|listener| listener.local_addr().ok());
        let tcp_addresses = Addresses { v4, v6 };
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let v4 = udp.local_addr()?;
        let udp_v6 = UdpSocket::bind((Ipv6Addr::LOCALHOST, v4.port())).ok();
        let v6 = udp_v6.as_ref().and_then(|socket| socket.local_addr().ok());
        let echo = Self { tcp: tcp_addresses, udp: Addresses { v4, v6 }, shared: Arc::default() };
        for listener in [Some(tcp), tcp_v6].into_iter().flatten() {
            listener.set_nonblocking(true)?;
            let shared = Arc::clone(&echo.shared);
            spawn(move || shared.serve(&listener))?;
        }
        for socket in [Some(udp), udp_v6].into_iter().flatten() {
            socket.set_read_timeout(Some(RECHECK))?;
            let shared = Arc::clone(&echo.shared);
            spawn(move || shared.send_back(&socket))?;
        }
        Ok(echo)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for client in self.shared.clients().drain(..) {
            // It may be closed already.
            let _ = client.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn clients(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, listener: &TcpListener) {
        while !self.is_over() {
            let mut sockets = [PollFd::new(listener, PollFlags::IN)];
            if wait(&mut sockets, Some(Instant::now() + RECHECK)).is_err() {
                return;
            }
            while let Ok((client, _)) = listener.accept() {
                // The question that waits for this client fails in time.
                let _ = self.echo(client);
            }
        }
    }

    fn echo(&self, client: TcpStream) -> io::Result<()> {
        client.set_nonblocking(false)?;
        let mut clients = self.clients();
        if clients.len() < MOST_CONNECTIONS && !self.is_over() {
            clients.push(client.try_clone()?);
            spawn(move || drop(io::copy(&mut &client, &mut &client)))?;
        }
        Ok(())
    }

    fn send_back(&self, socket: &UdpSocket) {
        let mut buf = [0; 2048];
        while !self.is_over() {
            match socket.recv_from(&mut buf) {
                // The question that waits for this datagram fails in time.
                Ok((len, from)) => drop(socket.send_to(&buf[..len], from)),
                Err(error) if is_passing(error.kind()) => {}
                Err(_) => return,
            }
        }
    }
}

/// Whether the next datagram may arrive nevertheless. Windows reports the ICMP error of an earlier
/// one as a reset.
fn is_passing(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionReset, Interrupted, TimedOut, WouldBlock};
    matches!(kind, ConnectionReset | Interrupted | TimedOut | WouldBlock)
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("anysocks probe".into()).spawn(work).map(drop)
}
