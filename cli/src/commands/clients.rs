//! The local clients of `anysocks udp`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// What the task of a client reports to [`Clients`].
#[derive(Clone, Default)]
pub(super) struct Activity {
    /// The position of the client's last datagram among the datagrams of all clients.
    last: Arc<AtomicU64>,
    clock: Arc<AtomicU64>,
    /// Whether the association is open.
    is_open: Arc<AtomicBool>,
}

/// There are too many clients, and their associations are all still being opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Activity {
    /// Returns the activity of another client, with the same clock.
    pub(super) fn another(&self) -> Self {
        Self { clock: Arc::clone(&self.clock), ..Self::default() }
    }

    /// Records that the association is open.
    pub(super) fn open(&self) {
        self.is_open.store(true, Ordering::Relaxed);
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

    /// Makes room for another client. If there are too many, the open association that has been
    /// idle longest is ended, and its client returned. Ended ones do not count.
    ///
    /// An association that is still being opened is not ended. Otherwise, each datagram from
    /// another port would replace the request of an earlier one, and a proxy that does not answer
    /// would get a connection attempt for each datagram.
    pub(super) fn make_room(&mut self) -> Result<Option<SocketAddr>, Full> {
        self.remove_ended();
        if self.clients.len() < self.limit {
            return Ok(None);
        }
        let open = self.clients.iter().filter(|(_, client)| client.activity.is_open.load(Ordering::Relaxed));
        let idle = open.min_by_key(|(_, client)| client.activity.last.load(Ordering::Relaxed));
        let addr = *idle.ok_or(Full)?.0;
        if let Some(client) = self.clients.remove(&addr) {
            client.task.abort();
        }
        Ok(Some(addr))
    }

    /// Adds a client, for which there is room.
    pub(super) fn add(
        &mut self,
        addr: SocketAddr,
        queue: Sender<Vec<u8>>,
        activity: Activity,
        task: AbortHandle,
    ) {
        activity.datagram();
        self.clients.insert(addr, Client { queue, activity, task });
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

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Adds a client whose task does not end, and returns its activity.
    fn add(clients: &mut Clients, activities: &Activity, port: u16) -> Activity {
        let (activity, task) = (activities.another(), tokio::spawn(pending::<()>()));
        clients.add(addr(port), channel(1).0, activity.clone(), task.abort_handle());
        activity
    }

    #[tokio::test]
    async fn an_ended_client_does_not_count() {
        let (mut clients, activities) = (Clients::new(2), Activity::default());
        let ended = tokio::spawn(ready(()));
        let task = ended.abort_handle();
        ended.await.expect("no panic");
        clients.add(addr(1), channel(1).0, activities.another(), task);
        for port in [2, 3] {
            assert_eq!(clients.make_room(), Ok(None));
            add(&mut clients, &activities, port).open();
        }
        assert_eq!(clients.make_room(), Ok(Some(addr(2))));
    }

    #[tokio::test]
    async fn an_open_association_makes_room() {
        let (mut clients, activities) = (Clients::new(3), Activity::default());
        let added = [1, 2, 3].map(|port| add(&mut clients, &activities, port));
        assert_eq!(clients.make_room(), Err(Full));
        added[1].open();
        added[2].open();
        added[1].datagram();
        assert_eq!(clients.make_room(), Ok(Some(addr(3))));
        add(&mut clients, &activities, 4);
        assert_eq!(clients.make_room(), Ok(Some(addr(2))));
        add(&mut clients, &activities, 5);
        assert_eq!(clients.make_room(), Err(Full));
    }
}
