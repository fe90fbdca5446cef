//! The examples that are tools: `probe` detects the capabilities in the table, and `http3` gets
//! its page through each relay.

mod json;
pub(crate) mod probe;
mod scripted;
pub(crate) mod strangers;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::capabilities::{Capabilities, Place};
use crate::fronts::Front;
use crate::lab::LIMIT;
use crate::servers::CREDENTIALS;
use crate::setting::Setting;
use crate::watchdog;

/// Such a program is run once, since it does not differ between front ends.
pub(crate) fn is_first(front: &Front) -> bool {
    front.name == "blocking"
}

pub(crate) fn http3_applies(server: &Capabilities, place: Place, front: &Front) -> bool {
    is_first(front) && place == Place::V4 && server.udp.is_ok()
}

pub(crate) fn http3(setting: &Setting<'_>) -> Result<(), String> {
    http3_through(&url(setting))
}

/// Gets a page through the proxies of these URLs.
pub(crate) fn http3_through(urls: &str) -> Result<(), String> {
    let said = run("http3", &[urls])?;
    if said.contains("200") { Ok(()) } else { Err(format!("no page: {said}")) }
}

/// The server's URL, with its password.
pub(crate) fn url(setting: &Setting<'_>) -> String {
    let (user, password) = CREDENTIALS;
    let user = setting.running.credentials.map_or(String::new(), |_| format!("{user}:{password}@"));
    format!("socks5h://{user}{}:{}", Ipv4Addr::LOCALHOST, setting.address().port())
}

/// Returns what the example prints.
fn run(example: &str, arguments: &[&str]) -> Result<String, String> {
    let program = built()?.join(example);
    let _watched = watchdog::watch(format!("{example} {arguments:?}"), LIMIT);
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{example}: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    Err(format!("{example}: {}: {stdout}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// The folder of the examples, which are not built together with one test.
pub(crate) fn built() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            // As `tests/run` builds the tests: with other packages, more would be built anew.
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--all-features",
                "--example",
                "http3",
                "--example",
                "probe",
            ])
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
