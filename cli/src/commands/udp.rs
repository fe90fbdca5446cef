//! `anysocks udp`.

use super::association::{Ended, LONGEST, Shared};
use super::clients::{Activity, Clients};
use super::pause::Pause;
use super::result::{line, print};
use crate::chain::ProxyOptions;
use crate::failure::Failure;
use crate::progress::{error, progress};
use anysocks::Target;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::select;
use tokio::sync::mpsc::channel;
use tokio::task::JoinSet;

/// Forward datagrams from a local UDP port to a target (UDP ASSOCIATE)
///
/// The line on the standard output is the local address. Each local client has another association.
/// It ends after two minutes without a datagram. One client more than 64 ends the open association
/// of the client that has been idle longest. If all 64 are still being opened, the datagrams of
/// further clients are lost.
///
/// Up to 16 datagrams of a client wait for its association, and further ones are lost. After a
/// failed association, no other one is opened for a second. Each further failure doubles this
/// pause, up to 30 seconds. An association has failed if it was not opened, or if it ended within
/// 30 seconds and no datagram arrived through it.
///
/// All users of this machine can send to the target through the proxies. The command runs until it
/// is interrupted.
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
anysocks udp -x socks5h://proxy:1080 --listen 127.0.0.1:5353 1.1.1.1:53 &
dig @127.0.0.1 -p 5353 example.com";

/// The most associations at a time.
const MOST_CLIENTS: usize = 64;
/// The most datagrams of a client that wait for its association. Those of all clients have 64 MiB.
const MOST_WAITING: usize = 16;

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
    let mut pause = Pause::default();
    let mut associations = JoinSet::new();
    let mut buf = vec![0; LONGEST];
    loop {
        select! {
            received = shared.socket.recv_from(&mut buf) => {
                // An error means that a client refused an earlier datagram.
                let Ok((n, client)) = received else { continue };
                let Some(datagram) = clients.queue(client, buf[..n].to_vec()) else { continue };
                if pause.remaining(Instant::now()).is_some() {
                    continue;
                }
                let Ok(idle) = clients.make_room() else { continue };
                if let Some(idle) = idle {
                    progress(format_args!("{idle}: ended for {client}: the limit is {MOST_CLIENTS} clients"));
                }
                let (datagrams, queue) = channel(MOST_WAITING);
                let _ = datagrams.try_send(datagram);
                let activity = activities.another();
                let task = associations.spawn(Arc::clone(&shared).serve(client, queue, activity.clone()));
                clients.add(client, datagrams, activity, task);
            }
            Some(ended) = associations.join_next() => {
                clients.remove_ended();
                match ended {
                    Ok(ended) => report(ended, &mut pause),
                    Err(task) if task.is_panic() => error(task),
                    Err(_) => {}
                }
            }
        }
    }
}

/// Prints why an association has ended, and starts the pause if it has failed.
fn report(ended: Ended, pause: &mut Pause) {
    let now = Instant::now();
    if ended.has_worked {
        pause.forget(ended.begun);
    }
    let Err(failure) = ended.outcome else { return };
    if !ended.has_worked {
        pause.start(ended.begun, now);
    }
    let client = ended.client;
    match pause.remaining(now).map(|remaining| remaining.as_secs_f64().ceil()) {
        Some(seconds) => error(format_args!("{client}: {failure} (no new association for {seconds} s)")),
        None => error(format_args!("{client}: {failure}")),
    }
}
