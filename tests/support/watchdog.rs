//! A limit for each case of a test: a test that would hang ends its process and is named.
//!
//! libtest has no limit of its own, and a thread can't be stopped, so the process has to end.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, process, thread};

static RUNNING: Mutex<Running> = Mutex::new(Running { started: 0, cases: BTreeMap::new() });

struct Running {
    /// The number of cases so far, which numbers the next one.
    started: u64,
    cases: BTreeMap<u64, Watching>,
}

struct Watching {
    since: Instant,
    limit: Duration,
    name: String,
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A case that is being watched until this is dropped.
pub(crate) struct Watched(u64);

/// Ends the process if what is returned still exists after this time.
pub(crate) fn watch(name: String, limit: Duration) -> Watched {
    static WATCHDOG: Once = Once::new();
    WATCHDOG.call_once(|| drop(thread::spawn(keep_watch)));
    let mut running = running();
    running.started += 1;
    let number = running.started;
    running.cases.insert(number, Watching { since: Instant::now(), limit, name });
    Watched(number)
}

impl Drop for Watched {
    fn drop(&mut self) {
        running().cases.remove(&self.0);
    }
}

fn keep_watch() {
    loop {
        thread::sleep(Duration::from_secs(1));
        for Watching { since, limit, name } in running().cases.values() {
            if since.elapsed() > *limit {
                // Not by `eprintln!`, whose output libtest captures and would lose here.
                let _ = writeln!(io::stderr(), "no end after {limit:?}: {name}\n{}", sockets());
                process::abort();
            }
        }
    }
}

/// The TCP sockets of this process, with buffers, timers and windows if `ss` is installed: the
/// state of a test that hangs.
fn sockets() -> String {
    let process = format!("pid={},", process::id());
    let own = |line: &&str| line.contains(&process);
    match Command::new("ss").args(["--tcp", "--all", "--oneline", "-imnop"]).output() {
        Ok(ss) if ss.status.success() => {
            let lines = String::from_utf8_lossy(&ss.stdout);
            lines.lines().filter(own).map(|line| line.trim_end().to_owned() + "\n").collect()
        }
        // Those of other processes too.
        _ => fs::read_to_string("/proc/net/tcp").unwrap_or_default(),
    }
}
