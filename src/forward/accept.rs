//! Accepting connections: authentication first, then the request.

use super::handshake;
use super::outbound::Outbound;
use super::serve;
use super::shared::Shared;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::select;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

/// The pause after an error of `accept`, such as too many open files.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts, authenticates and serves clients until the future is dropped.
pub(super) async fn accept<W: Outbound>(listener: TcpListener, shared: Arc<Shared<W>>) {
    let (mut unauthenticated, mut clients) = (JoinSet::new(), JoinSet::new());
    let mut oldest_first = VecDeque::<AbortHandle>::new();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    // Silent connections must not block later clients.
                    if oldest_first.len() >= shared.limits.unauthenticated {
                        if let Some(oldest) = oldest_first.pop_front() {
                            oldest.abort();
                        }
                    }
                    oldest_first.push_back(unauthenticated.spawn(handshake::authenticate(client, Arc::clone(&shared))));
                }
                Err(_) => sleep(RETRY_DELAY).await,
            },
            Some(authenticated) = unauthenticated.join_next() => {
                oldest_first.retain(|client| !client.is_finished());
                if let Ok(Ok((client, request))) = authenticated {
                    clients.spawn(serve::serve(client, request, Arc::clone(&shared)));
                }
            }
            // The client has received the reply. The forwarder reports no errors of its own.
            Some(_) = clients.join_next() => {}
        }
    }
}
