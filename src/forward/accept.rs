//! Who comes to a forwarder: strangers first, and clients once they have said who they are.

use super::handshake;
use super::serve;
use super::shared::Shared;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::select;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

/// How long to wait when the system gives no connection, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// Lets in who may, and serves them, until it is dropped.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let (mut unauthenticated, mut clients) = (JoinSet::new(), JoinSet::new());
    let mut oldest_first = VecDeque::<AbortHandle>::new();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    // Whoever is silent must not keep out those who come later.
                    if oldest_first.len() >= shared.limits.unauthenticated {
                        if let Some(oldest) = oldest_first.pop_front() {
                            oldest.abort();
                        }
                    }
                    oldest_first.push_back(unauthenticated.spawn(handshake::authenticate(client, Arc::clone(&shared))));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(met) = unauthenticated.join_next() => {
                oldest_first.retain(|client| !client.is_finished());
                if let Ok(Ok((client, request))) = met {
                    clients.spawn(serve::serve(client, request, Arc::clone(&shared)));
                }
            }
            // The client has heard what failed; here there is nobody to tell.
            Some(_) = clients.join_next() => {}
        }
    }
}
