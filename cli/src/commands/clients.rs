//! The local clients of `anysocks udp`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::AbortHandle;

/// The clients that have an association, or wait for one.
pub(super) struct Clients {
    clients: HashMap<SocketAddr, Client>,
    limit: usize,
}

struct Client {
    queue: Sender<Vec<u8>>,
    activity: Activity,
    task: AbortHandle,
}

/// The position of the last datagram of a client among the datagrams of all clients.
#[derive(Clone, Default)]
pub(super) struct Activity {
    last: Arc<AtomicU64>,
    clock: Arc<AtomicU64>,
}

impl Activity {
    /// Returns the activity of another client, with the same clock.
    pub(super) fn another(&self) -> Self {
        Self { last: Arc::default(), clock: Arc::clone(&self.clock) }
    }

    /// Records a datagram from or to the client.
    pub(super) fn datagram(&self) {
        self.last.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Clients {
    pub(super) fn new(limit: usize) -> Self {
        Self { clients: HashMap::new(), limit }
    }

    /// Queues a datagram of a known client. Returns it if the client is not known, or its task has
    /// ended.
    ///
    /// A client that sends faster than its association loses datagrams.
    pub(super) fn queue(&self, client: SocketAddr, datagram: Vec<u8>) -> Option<Vec<u8>> {
        let Some(client) = self.clients.get(&client) else { return Some(datagram) };
        client.activity.datagram();
        match client.queue.try_send(datagram) {
            Err(TrySendError::Closed(datagram)) => Some(datagram),
            Ok(()) | Err(TrySendError::Full(_)) => None,
        }
    }

    /// Adds a client. If there are too many, the one that has been idle longest is ended, and
    /// returned. Ended ones do not count.
    pub(super) fn add(
        &mut self,
        addr: SocketAddr,
        queue: Sender<Vec<u8>>,
        activity: Activity,
        task: AbortHandle,
    ) -> Option<SocketAddr> {
        self.remove_ended();
        let idle = if self.clients.len() < self.limit { None } else { self.end_idle() };
        activity.datagram();
        self.clients.insert(addr, Client { queue, activity, task });
        idle
    }

    fn end_idle(&mut self) -> Option<SocketAddr> {
        let last = |client: &Client| client.activity.last.load(Ordering::Relaxed);
        let addr = *self.clients.iter().min_by_key(|(_, client)| last(client))?.0;
        self.clients.remove(&addr)?.task.abort();
        Some(addr)
    }

    /// Removes the clients whose tasks have ended.
    pub(super) fn remove_ended(&mut self) {
        self.clients.retain(|_, client| !client.task.is_finished());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::sync::mpsc::channel;

    #[tokio::test]
    async fn an_ended_client_does_not_count() {
        let (mut clients, activities) = (Clients::new(2), Activity::default());
        let ended = tokio::spawn(ready(()));
        let tasks = [ended.abort_handle(), tokio::spawn(pending::<()>()).abort_handle()];
        ended.await.expect("no panic");
        let addr = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let (queue, _datagrams) = channel(1);
        for (port, task) in (1..).zip(tasks) {
            assert_eq!(clients.add(addr(port), queue.clone(), activities.another(), task), None);
        }
        let task = || tokio::spawn(pending::<()>()).abort_handle();
        assert_eq!(clients.add(addr(3), queue.clone(), activities.another(), task()), None);
        assert_eq!(clients.add(addr(4), queue.clone(), activities.another(), task()), Some(addr(2)));
    }
}
