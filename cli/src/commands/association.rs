//! The association of one local client of `anysocks udp`.

use super::clients::Activity;
use crate::failure::Failure;
use crate::progress::error;
use crate::stream::AnyConnector;
use anysocks::Target;
use anysocks::tokio::Socks5UdpSocket;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
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
    /// Whether a datagram has arrived through an association since the last failure.
    pub(super) has_received: AtomicBool,
}

impl Shared {
    /// Forwards the datagrams of one client, until it is idle or the association ends.
    pub(super) async fn serve(
        self: Arc<Self>,
        client: SocketAddr,
        queue: Receiver<Vec<u8>>,
        activity: Activity,
    ) -> (SocketAddr, Result<(), Failure>) {
        let ended = match self.connector.associate().await {
            Ok(association) => self.relay(client, queue, &activity, &association).await.map_err(Failure::io),
            Err(error) => Err(error.into()),
        };
        (client, ended)
    }

    async fn relay(
        &self,
        client: SocketAddr,
        mut queue: Receiver<Vec<u8>>,
        activity: &Activity,
        association: &Socks5UdpSocket,
    ) -> io::Result<()> {
        association.connect(self.target.borrowed()).await?;
        let mut buf = vec![0; LONGEST];
        let mut printed = None;
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
                        activity.datagram();
                        let received = received.map_err(|failed| ("receiving failed".to_owned(), failed))?;
                        self.has_received.store(true, Ordering::Relaxed);
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
                    if printed.replace(failed.kind()) != Some(failed.kind()) {
                        error(format_args!("{client}: {what}: {}", Failure::io(failed)));
                    }
                }
            }
        }
    }
}
