//! The examples that are tools: `probe` finds out what the table says of a server, and `http3`
//! gets its page through each relay.

mod json;
pub(crate) mod probe;
mod scripted;
pub(crate) mod strangers;

use std::io::{self, Read};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::capabilities::{Capabilities, Place};
use crate::fronts::Front;
use crate::servers::CREDENTIALS;
use crate::setting::Setting;

/// Such a program is run once, since it does not differ between front ends.
fn is_first(front: &Front) -> bool {
    front.name == "blocking"
}

pub(crate) fn http3_applies(server: &Capabilities, place: Place, front: &Front) -> bool {
    is_first(front) && place == Place::V4 && server.udp.is_ok()
}

pub(crate) fn http3(setting: &Setting<'_>) -> Result<(), String> {
    let said = run("http3", &[&url(setting)])?;
    if said.contains("200") { Ok(()) } else { Err(format!("no page: {said}")) }
}

fn url(setting: &Setting<'_>) -> String {
    let (user, password) = CREDENTIALS;
    let user = setting.running.credentials.map_or(String::new(), |_| format!("{user}:{password}@"));
    format!("socks5h://{user}{}:{}", Ipv4Addr::LOCALHOST, setting.address().port())
}

/// The probe's questions have a limit each: all of them together take less.
const LIMIT: Duration = Duration::from_secs(300);

/// Returns what the example prints.
fn run(example: &str, arguments: &[&str]) -> Result<String, String> {
    let failed = |error: io::Error| format!("{example}: {error}");
    let mut program = Command::new(built()?.join(example));
    program.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stdout = thread::spawn(move || text(stdout));
    let stderr = thread::spawn(move || text(stderr));
    let started = Instant::now();
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if started.elapsed() < LIMIT => thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill().and_then(|()| child.wait()).map_err(failed)?;
                return Err(format!("{example}: not done after {LIMIT:?}"));
            }
        }
    };
    let [stdout, stderr] = [stdout, stderr].map(|text| text.join().unwrap_or_default());
    if status.success() { Ok(stdout) } else { Err(format!("{example}: {status}: {stdout}{stderr}")) }
}

/// All that comes from a pipe.
fn text(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // A program that was killed leaves what it had printed.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The folder of the examples, which are not built together with one test.
pub(crate) fn built() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--all-features", "--example", "http3", "--example", "probe"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        // Cargo has set these for the test. ring is built anew whenever they differ, and so is
        // everything that depends on it.
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|name| name.to_string_lossy().starts_with("CARGO_PKG_")) {
            cargo.env_remove(name);
        }
        cargo.env_remove("CARGO_MANIFEST_DIR");
        let status = cargo.status().map_err(|error| error.to_string())?;
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let debug = own.ancestors().nth(2).ok_or("this program is nowhere")?;
        if status.success() { Ok(debug.join("examples")) } else { Err("the examples can't be built".into()) }
    };
    BUILT.get_or_init(build).clone()
}
