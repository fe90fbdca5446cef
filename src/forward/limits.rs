//! What a forwarder bounds.

use std::time::Duration;

/// How many, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Who are served at once.
    pub(super) connections: usize,
    /// Who may wait until one of those has ended.
    pub(super) waiting: usize,
    /// Who may be saying at once who they are: anybody on this machine can come.
    pub(super) strangers: usize,
    /// How long they may take to, and to ask for something.
    pub(super) handshake: Duration,
    /// How long one side of a tunnel may be silent once the other has ended. Who has gone can't be told from who has only said all; Linux too
    /// keeps a connection for as long that nobody holds any more, and whose other end is open.
    pub(super) silence: Duration,
}

impl Default for Limits {
    /// With two sockets for each connection, all stay below the 1024 descriptors that many systems give a process; associations have four.
    fn default() -> Self {
        Self {
            connections: 256,
            waiting: 256,
            strangers: 64,
            handshake: Duration::from_secs(5),
            silence: Duration::from_secs(60),
        }
    }
}
