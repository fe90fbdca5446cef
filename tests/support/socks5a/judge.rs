//! Records of the received bytes, and of each rule that a client violates.

use super::command::Request;
use super::keys::Key;
use super::record::{Kind, Record};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of records from which on their distribution is judged. A sound client fails with a
/// probability below one in 2^60.
const MANY: usize = 64;
const MANY_MASKED: usize = 400;

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The client closed, between two messages.
    Closed,
    /// The client closed in the middle of a message or of a record.
    Cut,
    /// The server refused the client.
    Refused,
    /// The script ended the connection.
    Scripted,
    /// The client violated a rule.
    Violation(String),
    Failed(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<String> for End {
    fn from(rule: String) -> Self {
        Self::Violation(rule)
    }
}

/// The record of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    /// The METHODs of the greeting.
    pub(crate) offered: Vec<u8>,
    /// The METHODs that were run, chained ones in their order.
    pub(crate) methods: Vec<u8>,
    pub(crate) identity: Option<String>,
    pub(crate) capabilities: Option<u32>,
    /// EAF's session key.
    pub(crate) session_key: Option<Key>,
    pub(crate) requests: Vec<Request>,
    /// The bytes of each of them.
    pub(crate) request_bytes: Vec<Vec<u8>>,
    /// The records on the stream, and those on UDP.
    pub(crate) records: Tunnel,
    pub(crate) datagrams: Tunnel,
    /// The payloads that reached the relay.
    pub(crate) payloads: Vec<Vec<u8>>,
    /// Datagrams that the relay dropped, each with the reason.
    pub(crate) dropped: Vec<String>,
    /// The bytes that the client sent to its target.
    pub(crate) relayed: usize,
    pub(crate) violations: Vec<String>,
    /// The text of the [`End`], once it has ended.
    pub(crate) end: Option<String>,
}

/// The records of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tunnel {
    pub(crate) records: Vec<Heard>,
    /// When the client may begin, and the sum of the announced MINs since.
    since: Option<(Instant, Duration)>,
    paddings: HashSet<Vec<u8>>,
}

/// A record, as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) kind: Kind,
    pub(crate) rand: Vec<u8>,
    /// The bytes of MESSAGE. A dummy has none.
    pub(crate) length: usize,
}

impl Tunnel {
    /// Starts the clock, before the client learns that it may send records.
    pub(crate) fn start(&mut self) {
        self.since = Some((Instant::now(), Duration::ZERO));
    }

    /// Judges a record that has just arrived.
    ///
    /// The client waits for at least MIN before each record, one after the other. So the sum of
    /// all MINs has passed before this record, however slow the machine is. A dummy does not wait.
    pub(crate) fn hear(&mut self, record: &Record, waits: bool) -> Result<(), String> {
        let at = Instant::now();
        let timing = record.check()?;
        if let (Some((since, waited)), Some(timing)) = (&mut self.since, timing) {
            if waits && !record.message.is_empty() {
                *waited += Duration::from_millis(timing.least.into());
                let passed = at.duration_since(*since);
                if passed < *waited {
                    return Err(format!("a record after {passed:?}, where {waited:?} were announced"));
                }
            }
        }
        let padding = record.padding();
        if padding.len() >= 16 && !self.paddings.insert(padding.into()) {
            return Err("two records with the same padding".into());
        }
        self.records.push(Heard {
            at,
            kind: record.kind,
            rand: record.rand.clone(),
            length: record.message.len(),
        });
        Ok(())
    }

    pub(crate) fn dummies(&self) -> usize {
        self.records.iter().filter(|record| record.length == 0).count()
    }

    /// The lengths of the MESSAGEs that are no dummies.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        self.records.iter().map(|record| record.length).filter(|length| *length > 0).collect()
    }

    /// The violations that show in many records only.
    fn check_distribution(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let rands: Vec<_> = self
            .records
            .iter()
            .filter(|record| record.kind.has_padding())
            .map(|record| record.rand.len())
            .collect();
        if rands.len() >= MANY {
            let different = rands.iter().collect::<BTreeSet<_>>().len();
            let both = rands.iter().any(|len| *len < 132) && rands.iter().any(|len| *len > 132);
            if different < 8 || !both {
                violations.push(format!("padding of {different} lengths in {} records", rands.len()));
            }
        }
        let masked: Vec<_> = self.records.iter().filter(|record| record.kind.masks()).collect();
        let dummies = masked.iter().filter(|record| record.length == 0).count();
        let messages = masked.len() - dummies;
        let lengths: BTreeSet<_> = masked.iter().map(|record| record.length).filter(|len| *len > 0).collect();
        if messages >= MANY && lengths.len() == 1 && lengths.first() > Some(&16) {
            violations.push(format!("{messages} records with MESSAGEs of {lengths:?} bytes"));
        }
        if messages >= MANY_MASKED && (dummies == 0 || dummies * 3 > messages) {
            violations.push(format!("{dummies} dummies for {messages} records"));
        }
        violations
    }
}

/// A connection's record, shared by the threads that serve it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Connection>>);

impl Notes {
    pub(crate) fn get(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports a violation that does not end the connection.
    pub(crate) fn violation(&self, rule: impl Into<String>) {
        self.get().violations.push(rule.into());
    }

    pub(crate) fn end(&self, end: &End) {
        let mut connection = self.get();
        match end {
            End::Violation(rule) => connection.violations.push(rule.clone()),
            End::Failed(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                connection
                    .violations
                    .push("neither bytes nor a close from the client, until the timeout".into());
            }
            _ => {}
        }
        connection.end = Some(format!("{end:?}"));
        let own = [connection.records.check_distribution(), connection.datagrams.check_distribution()];
        connection.violations.extend(own.concat());
    }
}

/// The record of all connections of a server.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) connections: Vec<Connection>,
}

impl Report {
    pub(crate) fn violations(&self) -> Vec<&str> {
        self.connections.iter().flat_map(|connection| &connection.violations).map(String::as_str).collect()
    }

    /// Returns the connections.
    ///
    /// # Panics
    ///
    /// If the client has violated a rule.
    #[track_caller]
    pub(crate) fn clean(self) -> Vec<Connection> {
        assert!(self.violations().is_empty(), "{self}");
        self.connections
    }

    /// Returns the only connection.
    ///
    /// # Panics
    ///
    /// If there are several or none, or if the client has violated a rule.
    #[track_caller]
    pub(crate) fn only(self) -> Connection {
        let mut connections = self.clean();
        assert_eq!(connections.len(), 1, "connections");
        mem::take(&mut connections[0])
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, connection) in self.connections.iter().enumerate() {
            let Connection { methods, requests, end, violations, .. } = connection;
            let records = connection.records.records.len();
            writeln!(f, "connection {number}: METHODs {methods:02x?}, {records} records, end {end:?}")?;
            requests.iter().try_for_each(|request| writeln!(f, "    {request:?}"))?;
            violations.iter().try_for_each(|rule| writeln!(f, "    VIOLATION: {rule}"))?;
        }
        Ok(())
    }
}
