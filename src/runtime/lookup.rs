//! Lookups of names by the system's resolver.
//!
//! The resolver blocks, so a thread of a [`Pool`] calls it. Calls for the same name and port share
//! the lookup in flight.

use super::pool::{POOL, Pool, Task};
use super::{Deadline, Runtime};
use crate::runtime::waiters::{Bell, Ticket, Waiters};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// The lookups of this process, shared by all front ends.
pub(crate) static LOOKUPS: Lookups =
    Lookups::new(&POOL, |name, port| Ok((name, port).to_socket_addrs()?.collect()));

/// Lookups that call one resolver on the threads of one pool.
pub(crate) struct Lookups {
    pool: &'static Pool,
    resolver: fn(&str, u16) -> io::Result<Vec<SocketAddr>>,
    /// Sorted by key. A map would add more than ten KiB of code to a binary.
    in_flight: Mutex<Vec<Shared>>,
}

/// A lookup's name, port and process.
///
/// A fork copies the lookups in flight without the threads that would finish them. The process
/// number separates these from the lookups of the new process.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    process: u32,
    name: Arc<str>,
    port: u16,
}

fn key(name: &str, port: u16) -> Key {
    Key { process: process::id(), name: name.into(), port }
}

/// A lookup in flight. Once a thread has started it, it continues without callers, and later
/// calls join it.
struct Shared {
    key: Key,
    lookup: Arc<Lookup>,
    callers: usize,
}

/// Returns the index of the lookup with this key, or the index at which to insert it.
fn search(in_flight: &[Shared], key: &Key) -> Result<usize, usize> {
    in_flight.binary_search_by(|shared| shared.key.cmp(key))
}

/// Removes a lookup. The last one frees the memory of the list.
fn remove(in_flight: &mut Vec<Shared>, index: usize) {
    in_flight.remove(index);
    if in_flight.is_empty() {
        *in_flight = Vec::new();
    }
}

struct Lookup {
    progress: Mutex<Progress>,
    callers: Bell,
}

struct Progress {
    task: Task<io::Result<Vec<SocketAddr>>>,
    answer: Option<io::Result<Vec<SocketAddr>>>,
}

impl Lookups {
    pub(crate) const fn new(
        pool: &'static Pool,
        resolver: fn(&str, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> Self {
        Self { pool, resolver, in_flight: Mutex::new(Vec::new()) }
    }

    /// Looks a name up. Returns by the deadline, although the resolver may continue.
    pub(crate) async fn addresses<R: Runtime>(
        &'static self,
        name: &str,
        port: u16,
        deadline: Deadline,
    ) -> io::Result<Vec<SocketAddr>> {
        let mut call = Call { name, port, lookups: self, ticket: None, caller: None };
        match R::within(deadline, &mut call).await {
            Some(addresses) => addresses,
            None => Err(call.timeout_error()),
        }
    }

    /// Joins the lookup in flight, or starts one.
    fn join(&'static self, name: &str, port: u16) -> io::Result<Caller> {
        let key = key(name, port);
        let mut in_flight = self.in_flight();
        let index = match search(&in_flight, &key) {
            Ok(index) => index,
            Err(index) => {
                let lookup = self.start(key.clone())?;
                in_flight.insert(index, Shared { key: key.clone(), lookup, callers: 0 });
                index
            }
        };
        let shared = &mut in_flight[index];
        shared.callers += 1;
        Ok(Caller { lookups: self, key, lookup: Arc::clone(&shared.lookup) })
    }

    fn start(&'static self, key: Key) -> io::Result<Arc<Lookup>> {
        let task = self.pool.run(move || {
            let entry = InFlight { lookups: self, key };
            (self.resolver)(&entry.key.name, entry.key.port)
        })?;
        let progress = Progress { task, answer: None }.into();
        Ok(Arc::new(Lookup { progress, callers: Bell::new() }))
    }

    fn in_flight(&self) -> MutexGuard<'_, Vec<Shared>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of a lookup that a thread has started. Dropping it, after the resolver has returned
/// or panicked, removes the entry, so that no more calls join.
struct InFlight {
    lookups: &'static Lookups,
    key: Key,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut in_flight = self.lookups.in_flight();
        if let Ok(index) = search(&in_flight, &self.key) {
            remove(&mut in_flight, index);
        }
    }
}

/// The future of one call. The first poll starts or joins a lookup.
struct Call<'a> {
    lookups: &'static Lookups,
    name: &'a str,
    port: u16,
    /// Dropped before the caller, so that withdrawing the lookup wakes no task.
    ticket: Option<Ticket<Arc<Waiters>>>,
    caller: Option<Caller>,
}

impl Call<'_> {
    /// Returns the error of a call whose deadline has passed.
    fn timeout_error(&self) -> io::Error {
        let queued_behind =
            self.caller.as_ref().and_then(|caller| caller.lookup.progress().task.queued_behind());
        match queued_behind {
            Some(threads) => {
                let reason = format!("timed out waiting for a thread: {threads} lookups are in flight");
                io::Error::new(io::ErrorKind::TimedOut, reason)
            }
            None => io::ErrorKind::TimedOut.into(),
        }
    }
}

impl Future for Call<'_> {
    type Output = io::Result<Vec<SocketAddr>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { lookups, name, port, ticket, caller } = &mut *self;
        let lookup = match caller {
            Some(caller) => &caller.lookup,
            None => &caller.insert(lookups.join(name, *port)?).lookup,
        };
        ticket.get_or_insert_with(|| Ticket::take(Arc::clone(&lookup.callers.waiters))).wait(cx.waker());
        lookup.poll()
    }
}

impl Lookup {
    /// Returns the answer. While it is pending, all callers are woken once it is there.
    fn poll(&self) -> Poll<io::Result<Vec<SocketAddr>>> {
        let mut progress = self.progress();
        let Progress { task, answer } = &mut *progress;
        let answer = if let Some(answer) = answer {
            answer
        } else {
            let mut cx = Context::from_waker(&self.callers.waker);
            answer.insert(ready!(Pin::new(task).poll(&mut cx)).and_then(|answer| answer))
        };
        Poll::Ready(match answer {
            Ok(addresses) => Ok(addresses.clone()),
            Err(error) => Err(copy(error)),
        })
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies an error for another caller.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// One of the callers that share a lookup.
struct Caller {
    lookups: &'static Lookups,
    key: Key,
    lookup: Arc<Lookup>,
}

impl Drop for Caller {
    /// The last caller withdraws the lookup if no thread has started it.
    fn drop(&mut self) {
        let mut in_flight = self.lookups.in_flight();
        let Ok(index) = search(&in_flight, &self.key) else { return };
        let shared = &mut in_flight[index];
        if !Arc::ptr_eq(&shared.lookup, &self.lookup) {
            return;
        }
        shared.callers -= 1;
        if shared.callers == 0 && self.lookup.progress().task.withdraw() {
            remove(&mut in_flight, index);
        }
    }
}

#[cfg(test)]
pub(crate) mod hanging;
#[cfg(test)]
mod tests;
