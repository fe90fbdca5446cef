//! The examples that are tools: what `probe` finds out of a server is what the table says, and `http3` gets its page through each relay.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::capabilities::{Capabilities, Place};
use crate::fronts::Front;
use crate::servers::CREDENTIALS;
use crate::setting::Setting;

/// A program is the same for all front ends.
fn is_first(front: &Front) -> bool {
    front.name == "blocking"
}

pub(crate) fn probe_applies(server: &Capabilities, place: Place, front: &Front) -> bool {
    // Tor without a network reaches nothing, and with one not what the probe listens on.
    is_first(front) && place == Place::V4 && server.v4.is_ok() && server.loopback_name == "localhost"
}

pub(crate) fn http3_applies(server: &Capabilities, place: Place, front: &Front) -> bool {
    is_first(front) && place == Place::V4 && server.udp.is_ok()
}

pub(crate) fn http3(setting: &Setting<'_>) -> Result<(), String> {
    let said = run("http3", &[&url(setting)])?;
    if said.contains("200") { Ok(()) } else { Err(format!("no page: {said}")) }
}

pub(crate) fn probe(setting: &Setting<'_>) -> Result<(), String> {
    let said = run("probe", &["--json", &url(setting)])?;
    let server = setting.capabilities;
    let expected = [
        ("SOCKS4 to IPv4", server.socks4.is_ok()),
        ("SOCKS5 to IPv4", server.v4.is_ok()),
        ("BIND", server.bind.is_ok()),
        ("UDP ASSOCIATE", server.udp.is_ok()),
    ];
    for (question, can) in expected {
        let answer = if can { "yes" } else { "no" };
        let line = format!("\"question\": \"{question}\", \"answer\": \"{answer}\"");
        if !said.contains(&line) {
            return Err(format!("{line} is not in {said}"));
        }
    }
    let (_, password) = CREDENTIALS;
    if said.contains(password) { Err(format!("a secret: {said}")) } else { Ok(()) }
}

fn url(setting: &Setting<'_>) -> String {
    let (user, password) = CREDENTIALS;
    let user = setting.running.credentials.map_or(String::new(), |_| format!("{user}:{password}@"));
    format!("socks5h://{user}{}:{}", Ipv4Addr::LOCALHOST, setting.address().port())
}

/// What the example says.
fn run(example: &str, arguments: &[&str]) -> Result<String, String> {
    let program = built()?.join(example);
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{example}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("{example}: {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Where the examples are, which are not built with a test alone.
fn built() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--all-features", "--example", "http3", "--example", "probe"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .map_err(|error| error.to_string())?;
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let debug = own.ancestors().nth(2).ok_or("this program is nowhere")?;
        if status.success() { Ok(debug.join("examples")) } else { Err("the examples can't be built".into()) }
    };
    BUILT.get_or_init(build).clone()
}
