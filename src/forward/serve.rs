//! Serving the clients of a forwarder.

use super::datagrams;
use super::handshake::{self, Request};
use crate::address::Address;
use crate::reply::Reply;
use crate::target::Target;
use crate::tokio::Connector;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

/// How long a client may take to say who it is and what it wants.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How many may be doing so at once: anybody on this machine can, and must not take the places of those who may.
const STRANGERS: usize = 64;
/// How long to wait when the system gives no connection, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) user: Zeroizing<String>,
    pub(super) password: Zeroizing<String>,
    /// For those who have said who they are.
    pub(super) places: Semaphore,
}

impl Shared {
    /// Whether these are the user name and the password. It takes as long whatever the difference is.
    pub(super) fn admits(&self, user: &[u8], password: &[u8]) -> bool {
        let differs = |own: &str, said: &[u8]| {
            let pairs = own.bytes().zip(said);
            pairs.fold(usize::from(own.len() != said.len()), |bits, (a, b)| bits | usize::from(a ^ b))
        };
        differs(&self.user, user) | differs(&self.password, password) == 0
    }
}

/// Serves whoever comes, as many at once as there are places.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let strangers = Arc::new(Semaphore::new(STRANGERS));
    loop {
        let Ok(stranger) = Arc::clone(&strangers).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((client, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    // The client hears what failed; here there is nobody to tell.
                    let _ = serve(client, &shared, stranger).await;
                });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn serve(mut client: TcpStream, shared: &Shared, stranger: OwnedSemaphorePermit) -> io::Result<()> {
    client.set_nodelay(true)?;
    let asked = async {
        handshake::admit(&mut client, shared).await?;
        handshake::request(&mut client).await
    };
    let request = timeout(HANDSHAKE, asked).await??;
    drop(stranger);
    let _place = shared.places.acquire().await.map_err(io::Error::other)?;
    match request {
        Request::Connect(target) => connect(client, shared, target).await,
        Request::UdpAssociate(port) => associate(client, shared, port).await,
        Request::Refused(code) => handshake::reply(&mut client, code, &nowhere()).await,
    }
}

async fn connect(mut client: TcpStream, shared: &Shared, target: Target<'_>) -> io::Result<()> {
    match shared.connector.connect(target).await {
        Ok(mut stream) => {
            handshake::reply(&mut client, Reply::SUCCEEDED, stream.bound_addr()).await?;
            copy_bidirectional(&mut client, &mut stream).await.map(drop)
        }
        Err(error) => handshake::reply(&mut client, handshake::code(&error), &nowhere()).await,
    }
}

async fn associate(mut client: TcpStream, shared: &Shared, port: u16) -> io::Result<()> {
    match shared.connector.associate().await {
        Ok(association) => datagrams::relay(client, port, association).await,
        Err(error) => handshake::reply(&mut client, handshake::code(&error), &nowhere()).await,
    }
}

fn nowhere() -> Address {
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into()
}
