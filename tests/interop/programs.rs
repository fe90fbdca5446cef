//! The examples that are tools: what `probe` finds out of a server is what the table says, and `http3` gets its page through each relay.

mod json;
pub(crate) mod probe;
pub(crate) mod strangers;

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
pub(crate) fn built() -> Result<PathBuf, String> {
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
