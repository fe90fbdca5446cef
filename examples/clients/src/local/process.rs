//! Servers that are programs of their own.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// The scripts' standard input: when the process ends and it is closed, they end their servers.
static RUNNING: Mutex<Vec<ChildStdin>> = Mutex::new(Vec::new());

/// Has the script `serve` start a server, and gives its port.
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

/// Starts Redis, and gives its port.
///
/// # Errors
///
/// It is not installed, or can't be started.
pub fn redis() -> io::Result<u16> {
    started("redis")
}

/// Starts a Postgres server, with a superuser `postgres` who needs no password, and gives its port.
///
/// # Errors
///
/// It is not installed, or can't be started.
pub fn postgres() -> io::Result<u16> {
    started("postgres")
}

/// Starts the FTP server vsftpd, for anonymous users and passive mode, with one file, and gives its port.
///
/// # Errors
///
/// It is not installed, or can't be started: as root only.
pub fn vsftpd() -> io::Result<u16> {
    started("vsftpd")
}
