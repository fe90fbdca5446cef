//! Serving a client of a forwarder: a place, the way to the target, and the tunnel.

use super::code::code;
use super::datagrams;
use super::handshake::{self, Request};
use super::limits::Limits;
use super::tunnel::Tunnel;
use crate::random::random_token;
use crate::reply::Reply;
use crate::target::Target;
use crate::tokio::Connector;
use std::io;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The user name of every forwarder. Clients show it in their errors and logs, so it is no part of
/// the secret.
pub(super) const USER: &str = "anysocks";

/// What all connections share.
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) limits: Limits,
    pub(super) password: Zeroizing<String>,
    /// For clients that are served.
    places: Semaphore,
    /// For clients that wait for a place.
    waiting: Semaphore,
}

impl Shared {
    pub(super) fn new(connector: Connector, limits: Limits) -> io::Result<Self> {
        let places = Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS));
        let waiting = Semaphore::new(limits.waiting);
        Ok(Self { connector, limits, password: random_token::<32>()?, places, waiting })
    }

    /// Whether these are the user name and the password. Takes as long wherever a difference is.
    pub(super) fn admits(&self, user: &[u8], password: &[u8]) -> bool {
        let differs = |own: &str, said: &[u8]| {
            let pairs = own.bytes().zip(said);
            pairs.fold(usize::from(own.len() != said.len()), |bits, (a, b)| bits | usize::from(a ^ b))
        };
        differs(USER, user) | differs(&self.password, password) == 0
    }
}

/// Serves a client as soon as there is a place.
pub(super) async fn serve(mut client: TcpStream, request: Request, shared: Arc<Shared>) -> io::Result<()> {
    let Ok(waiting) = shared.waiting.try_acquire() else {
        return handshake::refuse(&mut client, Reply::GENERAL_FAILURE).await;
    };
    let _place = unless_gone(&client, shared.places.acquire()).await?.map_err(io::Error::other)?;
    drop(waiting);
    match request {
        Request::Connect(target) => connect(client, target, &shared).await,
        Request::UdpAssociate(port) => associate(client, port, &shared).await,
        Request::Refused(code) => handshake::refuse(&mut client, code).await,
    }
}

async fn connect(mut client: TcpStream, target: Target<'_>, shared: &Shared) -> io::Result<()> {
    match unless_gone(&client, shared.connector.connect(target.borrowed())).await? {
        Ok(stream) => {
            keep_alive(stream.get_ref(), shared);
            handshake::reply(&mut client, Reply::SUCCEEDED, stream.bound_addr()).await?;
            Tunnel::new(client, stream).run(shared.limits.half_closed).await
        }
        Err(error) => handshake::refuse(&mut client, code(&error, target.domain())).await,
    }
}

async fn associate(mut client: TcpStream, port: u16, shared: &Shared) -> io::Result<()> {
    match unless_gone(&client, shared.connector.associate()).await? {
        Ok(association) => {
            keep_alive(&association.shared.sockets.control, shared);
            datagrams::relay(client, port, association).await
        }
        Err(error) => handshake::refuse(&mut client, code(&error, None)).await,
    }
}

fn keep_alive(outbound: &TcpStream, shared: &Shared) {
    // Fails where the proxy is at a Unix-domain socket, which needs none: the system itself closes
    // it with its peer.
    let _ = shared.limits.keepalive.set(outbound);
}

/// What the client waits for, unless it is gone before.
async fn unless_gone<T>(client: &TcpStream, awaited: impl Future<Output = T>) -> io::Result<T> {
    let gone = async {
        match client.peek(&mut [0]).await {
            Ok(0) => io::ErrorKind::UnexpectedEof.into(),
            // The client's first bytes hide its end, but not a reset.
            Ok(_) => match client.ready(Interest::ERROR).await {
                Ok(_) => io::ErrorKind::ConnectionReset.into(),
                Err(error) => error,
            },
            Err(error) => error,
        }
    };
    select! {
        biased;
        came = awaited => Ok(came),
        error = gone => Err(error),
    }
}
