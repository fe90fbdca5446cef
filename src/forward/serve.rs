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
use std::future::pending;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// What all connections share.
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) limits: Limits,
    pub(super) user: Zeroizing<String>,
    pub(super) password: Zeroizing<String>,
    /// For those who are served.
    places: Semaphore,
    /// For those who wait for one.
    waiting: Semaphore,
}

impl Shared {
    pub(super) fn new(connector: Connector, limits: Limits) -> io::Result<Self> {
        let places = Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS));
        let waiting = Semaphore::new(limits.waiting);
        Ok(Self { connector, limits, user: random_token()?, password: random_token()?, places, waiting })
    }

    /// Whether these are the user name and the password. It takes as long whatever the difference is.
    pub(super) fn admits(&self, user: &[u8], password: &[u8]) -> bool {
        let differs = |own: &str, said: &[u8]| {
            let pairs = own.bytes().zip(said);
            pairs.fold(usize::from(own.len() != said.len()), |bits, (a, b)| bits | usize::from(a ^ b))
        };
        differs(&self.user, user) | differs(&self.password, password) == 0
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
        Request::UdpAssociate(port) => associate(client, port, &shared.connector).await,
        Request::Refused(code) => handshake::refuse(&mut client, code).await,
    }
}

async fn connect(mut client: TcpStream, target: Target<'_>, shared: &Shared) -> io::Result<()> {
    match unless_gone(&client, shared.connector.connect(target.borrowed())).await? {
        Ok(stream) => {
            handshake::reply(&mut client, Reply::SUCCEEDED, stream.bound_addr()).await?;
            Tunnel::new(client, stream).run(shared.limits.silence).await
        }
        Err(error) => handshake::refuse(&mut client, code(&error, target.domain())).await,
    }
}

async fn associate(mut client: TcpStream, port: u16, connector: &Connector) -> io::Result<()> {
    match unless_gone(&client, connector.associate()).await? {
        Ok(association) => datagrams::relay(client, port, association).await,
        Err(error) => handshake::refuse(&mut client, code(&error, None)).await,
    }
}

/// What the client waits for, unless it goes away before.
async fn unless_gone<T>(client: &TcpStream, awaited: impl Future<Output = T>) -> io::Result<T> {
    let gone = async {
        match client.peek(&mut [0]).await {
            Ok(0) => io::ErrorKind::UnexpectedEof.into(),
            // What it says early hides its end.
            Ok(_) => pending().await,
            Err(error) => error,
        }
    };
    select! {
        biased;
        came = awaited => Ok(came),
        error = gone => Err(error),
    }
}
