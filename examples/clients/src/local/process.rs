//! Servers that are separate programs.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// The standard inputs of the scripts. They are closed when this process ends, and the scripts
/// then end their servers.
static RUNNING: Mutex<Vec<ChildStdin>> = Mutex::new(Vec::new());

/// Starts a server with the script `serve` and returns its port.
fn started(name: &str) -> io::Result<u16> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = free.local_addr()?.port();
    drop(free);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/serve");
    let mut command = Command::new(script);
    command.arg(name).arg(port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("a process without pipes"));
    };
    if BufReader::new(stdout).lines().next().transpose()?.as_deref() != Some("ready") {
        return Err(io::Error::other(format!("{name} can't be started")));
    }
    RUNNING.lock().map_err(|_| io::Error::other("a thread has panicked"))?.push(stdin);
    Ok(port)
}

/// Starts Redis and returns its port.
///
/// # Errors
///
/// Redis is not installed, or can't be started.
pub fn redis() -> io::Result<u16> {
    started("redis")
}

/// Starts a Postgres server and returns its port. Its superuser `postgres` needs no password.
///
/// # Errors
///
/// Postgres is not installed, or can't be started.
pub fn postgres() -> io::Result<u16> {
    started("postgres")
}

/// Starts the FTP server vsftpd and returns its port. It serves one file to anonymous users, in
/// passive mode.
///
/// # Errors
///
/// vsftpd is not installed, or can't be started. It needs root.
pub fn vsftpd() -> io::Result<u16> {
    started("vsftpd")
}
