//! The association of one local client of `anysocks udp`.

use super::clients::Activity;
use super::pause;
use crate::failure::Failure;
use crate::progress::error;
use crate::stream::AnyConnector;
use anysocks::Target;
use anysocks::tokio::Socks5UdpSocket;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::select;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// The longest datagram.
pub(super) const LONGEST: usize = 64 * 1024;
const IDLE: Duration = Duration::from_secs(120);

/// The values that all associations use.
pub(super) struct Shared {
    pub(super) connector: AnyConnector,
    pub(super) socket: UdpSocket,
    pub(super) target: Target<'static>,
}

/// The end of an association.
pub(super) struct Ended {
    pub(super) client: SocketAddr,
    /// When the association was requested.
    pub(super) begun: Instant,
    /// Whether a datagram has arrived through it, or it was open for longer than any pause. Many
    /// proxies end an idle association early, which is no failure.
    pub(super) has_worked: bool,
    pub(super) outcome: Result<(), Failure>,
}

impl Shared {
    /// Forwards the datagrams of one client, until it is idle or the association ends.
    pub(super) async fn serve(
        self: Arc<Self>,
        client: SocketAddr,
        queue: Receiver<Vec<u8>>,
        activity: Activity,
    ) -> Ended {
        let begun = Instant::now();
        let association = match self.connector.associate().await {
            Ok(association) => association,
            Err(error) => return Ended { client, begun, has_worked: false, outcome: Err(error.into()) },
        };
        activity.open();
        let (opened, mut has_received) = (Instant::now(), false);
        let relayed = self.relay(client, queue, &activity, &association, &mut has_received).await;
        let has_worked = has_received || opened.elapsed() > pause::LONGEST;
        Ended { client, begun, has_worked, outcome: relayed.map_err(Failure::io) }
    }

    async fn relay(
        &self,
        client: SocketAddr,
        mut queue: Receiver<Vec<u8>>,
        activity: &Activity,
        association: &Socks5UdpSocket,
        has_received: &mut bool,
    ) -> io::Result<()> {
        association.connect(self.target.borrowed()).await?;
        let mut buf = vec![0; LONGEST];
        let mut printed = Printed::default();
        loop {
            let moved = async {
                select! {
                    datagram = queue.recv() => match datagram {
                        Some(datagram) => match association.send(&datagram).await {
                            Ok(_) => Ok(true),
                            Err(failed) => {
                                let what = format!("a datagram of {} bytes was not sent", datagram.len());
                                Err((what, failed))
                            }
                        },
                        None => Ok(false),
                    },
                    received = association.recv(&mut buf) => {
                        let received = received.map_err(|failed| ("receiving failed".to_owned(), failed))?;
                        activity.datagram();
                        printed.clear();
                        *has_received = true;
                        // The client may have closed its socket.
                        let _ = self.socket.send_to(&buf[..received], client).await;
                        Ok(true)
                    }
                }
            };
            match timeout(IDLE, moved).await {
                Err(_) | Ok(Ok(false)) => return Ok(()),
                Ok(Ok(true)) => {}
                Ok(Err((_, failed))) if failed.kind() == io::ErrorKind::ConnectionAborted => {
                    return Err(failed);
                }
                // Such as a datagram that is too long, or an ICMP error of the relay. It may recur
                // with each datagram.
                Ok(Err((what, failed))) => {
                    if printed.is_new(failed.kind()) {
                        error(format_args!("{client}: {what}: {}", Failure::io(failed)));
                    }
                }
            }
        }
    }
}

/// The kinds of errors that were printed since a datagram last arrived through the association.
///
/// Two kinds may alternate. If the last one alone were kept, each datagram would print a line.
#[derive(Default)]
struct Printed(BTreeSet<io::ErrorKind>);

impl Printed {
    /// Adds a kind. Returns whether it is to be printed.
    fn is_new(&mut self, kind: io::ErrorKind) -> bool {
        self.0.insert(kind)
    }

    /// Forgets the kinds: the association works, so a later error has another cause.
    fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_printed_once_until_a_success() {
        let kinds = [io::ErrorKind::ConnectionRefused, io::ErrorKind::InvalidInput];
        let mut printed = Printed::default();
        for _ in 0..2 {
            for is_new in [true, false] {
                assert_eq!(kinds.map(|kind| printed.is_new(kind)), [is_new; 2]);
            }
            printed.clear();
        }
    }
}
