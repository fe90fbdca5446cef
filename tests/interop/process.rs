//! Child processes that never outlive the test program, however it ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const START_DEADLINE: Duration = Duration::from_secs(20);
const STOP_DEADLINE: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A server's process and its descendants; dropping it ends and reaps them.
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// What the program prints goes to `log`.
    pub(crate) fn spawn(command: &[String], log: &Path) -> Result<Self, String> {
        let (name, mut prepared) = prepare(command, log)?;
        // A separate process group: some servers fork, and a signal to the parent alone would
        // leave the children.
        let child =
            in_own_group(&mut prepared).spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let process = Self { name, child };
        watch(process.child.id())?;
        Ok(process)
    }

    pub(crate) fn wait_until_listening(&mut self, address: SocketAddr) -> Result<(), String> {
        let started = Instant::now();
        while TcpStream::connect_timeout(&address, START_DEADLINE).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended early: {status}", self.name));
            }
            if started.elapsed() > START_DEADLINE {
                return Err(format!("{} does not listen on {address}", self.name));
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = self.child.id();
        signal_group("TERM", group);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < STOP_DEADLINE {
            thread::sleep(POLL_INTERVAL);
        }
        // Also where the parent has obeyed: a child of it may not have.
        signal_group("KILL", group);
        if let Err(error) = self.child.wait() {
            eprintln!("{} was not reaped: {error}", self.name);
        }
    }
}

/// Runs a program that ends by itself.
pub(crate) fn run(command: &[String], log: &Path) -> Result<(), String> {
    let (name, mut prepared) = prepare(command, log)?;
    match prepared.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed: {status}")),
        Err(error) => Err(format!("cannot start {name}: {error}")),
    }
}

/// Finds a program. Servers are in sbin, which a user's PATH may lack, and sshd requires its
/// absolute path.
pub(crate) fn find(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_absolute() && candidate.is_file())
        .ok_or_else(|| format!("{program} is not installed"))
}

fn prepare(command: &[String], log: &Path) -> Result<(String, Command), String> {
    let (name, arguments) = command.split_first().ok_or("an empty command")?;
    let no_log = |error| format!("{}: {error}", log.display());
    let output = File::options().create(true).append(true).open(log).map_err(no_log)?;
    let errors = output.try_clone().map_err(no_log)?;
    let mut prepared = Command::new(find(name)?);
    prepared.args(arguments).stdin(Stdio::null()).stdout(output).stderr(errors);
    Ok((name.clone(), prepared))
}

/// The shell's `kill`, since std cannot signal a group and there is no unsafe code here.
fn signal_group(signal: &str, group: u32) {
    let sent = shell(&format!("kill -s {signal} -- -{group}")).status();
    if let Err(error) = sent {
        eprintln!("cannot send SIG{signal} to process group {group}: {error}");
    }
}

/// On a system that has such groups; on another, no server of the table is installed.
fn in_own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Kills a process group at the end of the test program, also if no destructor runs (SIGKILL,
/// Ctrl-C, abort). A shell reads the groups from a pipe, and the pipe closes with the program.
fn watch(group: u32) -> Result<(), String> {
    static WATCHDOG: OnceLock<Result<Mutex<Child>, String>> = OnceLock::new();
    let watchdog = WATCHDOG
        .get_or_init(|| {
            let script = "while read -r group; do groups=\"$groups -$group\"; done; kill -s KILL -- $groups";
            in_own_group(shell(script).stdin(Stdio::piped()))
                .spawn()
                .map(Mutex::new)
                .map_err(|error| format!("cannot start sh: {error}"))
        })
        .as_ref()
        .map_err(String::clone)?;
    let mut watchdog = watchdog.lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = watchdog.stdin.as_mut().ok_or("the watchdog has no pipe")?;
    writeln!(pipe, "{group}").map_err(|error| format!("the watchdog is gone: {error}"))
}

/// The ends of the log files in a directory, for the message of a failure.
pub(crate) fn logs(directory: &Path) -> String {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let ends: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new("log")))
        .map(|path| format!("--- {} ---\n{}\n", path.display(), tail(&path)))
        .collect();
    ends.concat()
}

fn tail(path: &Path) -> String {
    const LINES: usize = 40;
    let content = fs::read(path).unwrap_or_default();
    let content = String::from_utf8_lossy(&content);
    let lines: Vec<_> = content.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
