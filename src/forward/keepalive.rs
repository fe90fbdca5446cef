//! TCP keepalive, which detects lost peers.

use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// When the system probes a silent peer. The number of unanswered probes is the system's default,
/// 9 on Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keepalive {
    /// The silence before the first probe.
    pub(super) after: Duration,
    /// The time between two probes.
    pub(super) every: Duration,
}

impl Default for Keepalive {
    /// Returns the values that Contour sets in Envoy. An unreachable peer is detected after 90
    /// seconds. On Linux, a peer that has closed its socket is detected too: its system forgets
    /// the connection after 60 seconds, and answers the next probe with a reset.
    fn default() -> Self {
        Self { after: Duration::from_secs(45), every: Duration::from_secs(5) }
    }
}

impl Keepalive {
    /// Enables keepalive. A socket with keepalive keeps its own times, which `Proxy::keepalive`
    /// has set.
    pub(super) fn enable(self, socket: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(socket);
        if socket.keepalive()? {
            return Ok(());
        }
        socket.set_tcp_keepalive(&self.options())
    }

    fn options(self) -> TcpKeepalive {
        let options = TcpKeepalive::new().with_time(self.after);
        // The systems for which both tokio and socket2 have the option.
        #[cfg(any(
            target_os = "android",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "illumos",
            target_os = "linux",
            target_os = "netbsd",
            target_vendor = "apple",
            windows
        ))]
        let options = options.with_interval(self.every);
        options
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_socket_with_keepalive_keeps_its_times() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let keepalive = Keepalive::default();
        keepalive.enable(&socket).unwrap();
        assert_eq!(times(&socket), Some((keepalive.after, keepalive.every)));
        // The second has no effect.
        Keepalive { after: Duration::from_secs(7), ..keepalive }.enable(&socket).unwrap();
        assert_eq!(times(&socket), Some((keepalive.after, keepalive.every)));
    }

    fn times(socket: &TcpStream) -> Option<(Duration, Duration)> {
        use rustix::net::sockopt::{socket_keepalive, tcp_keepidle, tcp_keepintvl};
        let on = socket_keepalive(socket).unwrap();
        on.then(|| (tcp_keepidle(socket).unwrap(), tcp_keepintvl(socket).unwrap()))
    }
}
