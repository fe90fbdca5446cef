//! What the trials share: the servers that run, and the destinations behind them.

use std::path::Path;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use crate::capabilities::Capabilities;
use crate::destinations::Destinations;
use crate::gssapi::Realm;
use crate::resources::RunDirectory;
use crate::running::Running;
use crate::servers::{DNSMASQ, Server};
use crate::table::TABLE;
use crate::watchdog;

/// The timeout of a trial: each of its calls has a deadline, and a Tor network needs a minute to
/// start.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

/// Each part starts at its first use, and ends with this value.
#[derive(Default)]
pub(crate) struct Lab {
    servers: [OnceLock<Result<Running, String>>; TABLE.len()],
    realm: Realm,
    name_server: OnceLock<Result<Running, String>>,
    destinations: OnceLock<Result<Destinations, String>>,
    clock: RwLock<()>,
    // Below the servers, which have files in it: fields are dropped in this order.
    directory: OnceLock<Result<RunDirectory, String>>,
}

impl Lab {
    /// The server of this row of the table.
    pub(crate) fn server(&self, row: usize) -> Result<&Running, String> {
        // The directory is created outside: waiting for one server must not delay another.
        let directory = self.directory()?;
        let running = self.servers[row].get_or_init(|| TABLE[row].server.start(directory));
        running.as_ref().map_err(String::clone)
    }

    /// A server of the table, and its row.
    pub(crate) fn running(&self, server: &Server) -> Result<(&'static Capabilities, &Running), String> {
        let row =
            TABLE.iter().position(|row| row.server.name == server.name).ok_or("a server without a row")?;
        Ok((&TABLE[row], self.server(row)?))
    }

    /// Kerberos, and the servers that use it.
    pub(crate) fn realm(&self) -> &Realm {
        &self.realm
    }

    /// The name server on loopback.
    pub(crate) fn name_server(&self) -> Result<&Running, String> {
        let directory = self.directory()?;
        let running = self.name_server.get_or_init(|| DNSMASQ.start(directory));
        running.as_ref().map_err(String::clone)
    }

    pub(crate) fn destinations(&self) -> Result<&Destinations, String> {
        self.destinations.get_or_init(Destinations::start).as_ref().map_err(String::clone)
    }

    pub(crate) fn directory(&self) -> Result<&Path, String> {
        let directory = self.directory.get_or_init(RunDirectory::create);
        directory.as_ref().map(RunDirectory::path).map_err(String::clone)
    }

    /// Runs a trial that may run beside others.
    pub(crate) fn together<T>(&self, trial: &str, work: impl FnOnce() -> T) -> T {
        let _held = self.clock.read().unwrap_or_else(PoisonError::into_inner);
        let _watched = watchdog::watch(trial.to_owned(), LIMIT);
        work()
    }

    /// Runs a trial that is measured: alone.
    pub(crate) fn alone<T>(&self, trial: &str, work: impl FnOnce() -> T) -> T {
        let _held = self.clock.write().unwrap_or_else(PoisonError::into_inner);
        let _watched = watchdog::watch(trial.to_owned(), LIMIT);
        work()
    }
}
