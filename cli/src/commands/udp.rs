//! `anysocks udp`.

use super::clients::{Activity, Clients};
use super::result::{line, print};
use crate::chain::ProxyOptions;
use crate::failure::Failure;
use crate::progress::{error, progress};
use crate::stream::AnyConnector;
use anysocks::Target;
use anysocks::tokio::Socks5UdpSocket;
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::select;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Forward datagrams from a local UDP port to a target (UDP ASSOCIATE)
///
/// The line on the standard output is the local address. Each local client has an association of
/// its own, which ends after two minutes without a datagram. One client more than 64 ends the
/// association of the client that has been idle longest. All users of this machine can send to the
/// target through the proxies. The command runs until it is interrupted.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The local address and port. Port 0 is a free one.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Print the local address as JSON.
    #[arg(long)]
    json: bool,
    /// The target of the datagrams
    #[arg(value_name = "HOST:PORT")]
    target: Target<'static>,
    #[command(flatten)]
    proxies: ProxyOptions,
}

const EXAMPLES: &str = "\
Example:
  anysocks udp -x socks5h://proxy:1080 --listen 127.0.0.1:5353 1.1.1.1:53 &
  dig @127.0.0.1 -p 5353 example.com";

/// The longest datagram.
const LONGEST: usize = 64 * 1024;
/// The most associations at a time.
const MOST_CLIENTS: usize = 64;
/// The most datagrams of a client that wait for its association.
const MOST_WAITING: usize = 64;
const IDLE: Duration = Duration::from_secs(120);

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let connector = arguments.proxies.connector()?;
    let socket = UdpSocket::bind(arguments.listen).await;
    let socket = socket.map_err(|error| Failure::listen(arguments.listen, &error))?;
    let addr = socket.local_addr().map_err(Failure::io)?.to_string();
    // A proxy that grants no association is reported at once, and not at the first datagram. That
    // association is not kept, because it could end before the first datagram.
    drop(connector.associate().await?);
    print(&line(arguments.json, addr.clone(), &json!({ "listen": addr })))?;
    let shared = Arc::new(Shared { connector, socket, target: arguments.target });
    let (mut clients, activities) = (Clients::new(MOST_CLIENTS), Activity::default());
    let mut associations = JoinSet::new();
    let mut buf = vec![0; LONGEST];
    loop {
        select! {
            received = shared.socket.recv_from(&mut buf) => {
                // An error means that a client refused an earlier datagram.
                let Ok((n, client)) = received else { continue };
                let Some(datagram) = clients.queue(client, buf[..n].to_vec()) else { continue };
                let (datagrams, queue) = channel(MOST_WAITING);
                let _ = datagrams.try_send(datagram);
                let activity = activities.another();
                let task = associations.spawn(Arc::clone(&shared).serve(client, queue, activity.clone()));
                if let Some(idle) = clients.add(client, datagrams, activity, task) {
                    progress(format_args!("{idle}: ended for {client}: the limit is {MOST_CLIENTS} clients"));
                }
            }
            Some(ended) = associations.join_next() => {
                clients.remove_ended();
                match ended {
                    Ok((client, Err(failure))) => error(format_args!("{client}: {failure}")),
                    Err(task) if task.is_panic() => error(task),
                    _ => {}
                }
            }
        }
    }
}

struct Shared {
    connector: AnyConnector,
    socket: UdpSocket,
    target: Target<'static>,
}

impl Shared {
    /// Forwards the datagrams of one client, until it is idle or the association ends.
    async fn serve(
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
        loop {
            let moved = async {
                select! {
                    datagram = queue.recv() => match datagram {
                        Some(datagram) => association.send(&datagram).await.map(drop),
                        None => Ok(()),
                    },
                    received = association.recv(&mut buf) => {
                        activity.datagram();
                        // The client may have closed its socket.
                        let _ = self.socket.send_to(&buf[..received?], client).await;
                        Ok(())
                    }
                }
            };
            match timeout(IDLE, moved).await {
                Err(_) => return Ok(()),
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionAborted => return Err(error),
                // Such as a datagram that is too long, or an ICMP error of the relay.
                Ok(_) => {}
            }
        }
    }
}
