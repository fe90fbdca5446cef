//! The server on a loopback socket, with a thread for each connection.

use super::command::{self, Request};
use super::greeting;
use super::judge::{End, Notes, Report};
use super::line::Line;
use super::setup::Setup;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The timeout for a silent client: a test that would hang fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// State that the connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) setup: Setup,
    state: Mutex<State>,
    stopped: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Pooled connections by their identifiers.
    pool: HashMap<Vec<u8>, Request>,
    pooled: u8,
    /// The NONCEs and X25519 keys of all clients.
    fresh: HashSet<Vec<u8>>,
    /// The last EAF message of the server.
    last: Option<Vec<u8>>,
    connections: Vec<Served>,
}

#[derive(Debug)]
struct Served {
    notes: Notes,
    /// The connection until it has ended: a handle that stays would keep the socket open.
    stream: Arc<Mutex<Option<TcpStream>>>,
    thread: JoinHandle<()>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a connection into the pool, and returns its identifier: bytes that are no text.
    pub(crate) fn pool(&self, request: Request) -> Vec<u8> {
        let mut state = self.state();
        state.pooled += 1;
        let id = vec![0, 0xff, b'.', state.pooled];
        state.pool.insert(id.clone(), request);
        id
    }

    pub(crate) fn take_from_pool(&self, id: &[u8]) -> Option<Request> {
        self.state().pool.remove(id)
    }

    /// Remembers a NONCE or a key. Returns whether no client has sent it before.
    pub(crate) fn is_new(&self, bytes: &[u8]) -> bool {
        self.state().fresh.insert(bytes.into())
    }

    /// Remembers the server's message, and returns the one before.
    pub(crate) fn replayed(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.state().last.replace(message.into())
    }
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { setup, state: Mutex::default(), stopped: AtomicBool::new(false) });
        let own = Arc::clone(&shared);
        let thread = thread::spawn(move || accept(&listener, &own));
        Self { addr, shared, thread: Some(thread) }
    }

    /// Returns the state of all connections so far.
    pub(crate) fn so_far(&self) -> Report {
        let state = self.shared.state();
        Report { connections: state.connections.iter().map(|served| served.notes.get().clone()).collect() }
    }

    /// Waits until all clients have closed their connections, and returns the report.
    pub(crate) fn finish(mut self) -> Report {
        self.stop_accepting();
        let connections = mem::take(&mut self.shared.state().connections);
        let notes = connections.into_iter().map(|Served { notes, thread, .. }| {
            thread.join().expect("the server itself does not panic");
            notes.get().clone()
        });
        Report { connections: notes.collect() }
    }

    /// Closes all connections, and returns the report.
    pub(crate) fn stop(self) -> Report {
        for served in &self.shared.state().connections {
            if let Some(stream) = &*served.stream.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        self.finish()
    }

    fn stop_accepting(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes `accept`.
        drop(TcpStream::connect(self.addr));
        thread.join().expect("the server itself does not panic");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop_accepting();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(handle) = stream.try_clone() else { continue };
        let handle = Arc::new(Mutex::new(Some(handle)));
        let (notes, own, own_handle) = (Notes::default(), Arc::clone(shared), Arc::clone(&handle));
        let written = notes.clone();
        let thread = thread::spawn(move || {
            let end = match serve(stream, own, notes.clone()) {
                Ok(()) => End::Closed,
                Err(end) => end,
            };
            *own_handle.lock().unwrap_or_else(PoisonError::into_inner) = None;
            notes.end(&end);
        });
        shared.state().connections.push(Served { notes: written, stream: handle, thread });
    }
}

fn serve(stream: TcpStream, shared: Arc<Shared>, notes: Notes) -> Result<(), End> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Line::new(stream, shared, notes);
    let extended = greeting::negotiate(&mut line)?;
    command::serve(&mut line, extended)
}
