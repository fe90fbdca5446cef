//! The KDC and the Dantes. Each starts at its first use.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::kerberos::{self, Files, Kdc};
use crate::lab::Lab;
use crate::process::logs;
use crate::resources::{RunDirectory, make_directory};
use crate::running::Running;
use crate::servers::CREDENTIALS;

/// Dantes that differ in their configuration.
#[derive(Clone, Copy)]
pub(super) enum Dante {
    /// GSS-API alone, at each level.
    Gssapi,
    /// At integrity alone.
    Integrity,
    /// GSS-API or a password.
    GssapiOrPassword,
    /// A password or GSS-API.
    PasswordOrGssapi,
    /// GSS-API, with keys that the KDC has replaced.
    ReplacedKeys,
}

/// Its parts end with this value.
#[derive(Default)]
pub(crate) struct Realm {
    dantes: [OnceLock<Result<Running, String>>; 5],
    kdc: OnceLock<Result<Kdc, String>>,
}

impl Realm {
    /// Of the KDC.
    pub(super) fn files(&self, lab: &Lab) -> Result<&Files, String> {
        lab.directory()?;
        let kdc = self.kdc.get_or_init(|| {
            let directory = directory();
            make_directory(&directory)?;
            Kdc::start(&directory).map_err(|error| format!("{error}\n{}", logs(&directory)))
        });
        kdc.as_ref().map(Kdc::files).map_err(String::clone)
    }

    /// On 127.0.0.1. The name of its host is `localhost`.
    pub(super) fn dante(&self, lab: &Lab, dante: Dante) -> Result<SocketAddr, String> {
        let files = self.files(lab)?;
        let running = self.dantes[dante as usize]
            .get_or_init(|| dante.start(files).map_err(|error| format!("Dante with GSS-API: {error}")));
        running.as_ref().map(|running| running.addresses[0]).map_err(String::clone)
    }

    pub(super) fn logs(&self) -> String {
        let running = self.dantes.iter().filter_map(|dante| dante.get()?.as_ref().ok());
        running.map(Running::logs).collect()
    }
}

impl Dante {
    fn start(self, files: &Files) -> Result<Running, String> {
        let (name, methods, levels, keytab) = match self {
            Self::Gssapi => {
                ("any-level", "gssapi", "clear integrity confidentiality", files.service_keytab())
            }
            Self::Integrity => ("integrity", "gssapi", "integrity", files.service_keytab()),
            Self::GssapiOrPassword => {
                ("gssapi-or-password", "gssapi username", "integrity confidentiality", files.service_keytab())
            }
            Self::PasswordOrGssapi => {
                ("password-or-gssapi", "username gssapi", "integrity confidentiality", files.service_keytab())
            }
            Self::ReplacedKeys => {
                ("replaced-keys", "gssapi", "integrity confidentiality", files.replaced_keytab())
            }
        };
        let program = built()?.display().to_string();
        let mut running = Running::in_directory(files.directory().join(name))?;
        let addresses = running.take_port("@PORT@")?;
        let configuration = include_str!("../configs/dante-gssapi.conf")
            .replace("@METHODS@", methods)
            .replace("@LEVELS@", levels)
            .replace("@KEYTAB@", &keytab);
        running.configure("danted.conf", &configuration)?;
        let command = [&*program, "-f", "@RUN@/danted.conf", "-p", "@RUN@/danted.pid", "-N", "1"];
        let served = running.serve(&command, &addresses);
        served.map_err(|error| format!("{error}\n{}", running.logs()))?;
        running.addresses = addresses.to_vec();
        running.credentials = Some(CREDENTIALS);
        Ok(running)
    }
}

fn directory() -> PathBuf {
    RunDirectory::of_this_process().join("kdc")
}

/// Starts this program again in the same process, if the environment is not the KDC's.
///
/// libkrb5 reads the environment, which a program with threads can't change. The files need not
/// exist before libkrb5 is used.
pub(crate) fn enter() {
    if !is_entered() {
        let error = again();
        eprintln!("without Kerberos: {error}");
    }
}

fn is_entered() -> bool {
    let variables = Files::at(directory()).environment();
    variables.iter().all(|(name, value)| std::env::var(name).is_ok_and(|found| found == *value))
}

#[cfg(unix)]
fn again() -> std::io::Error {
    use std::os::unix::process::CommandExt;
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let variables = Files::at(directory()).environment();
    Command::new(program).args(std::env::args_os().skip(1)).envs(variables).exec()
}

#[cfg(not(unix))]
fn again() -> std::io::Error {
    std::io::ErrorKind::Unsupported.into()
}

/// Or the reason why there is no KDC.
pub(super) fn available() -> Result<(), String> {
    if let Some(reason) = kerberos::missing() {
        return Err(reason);
    }
    if !is_entered() {
        return Err("the environment of this process has no KDC".to_owned());
    }
    Ok(())
}

/// The Dante with GSS-API.
pub(super) fn built() -> Result<PathBuf, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/kerberos.sh");
    let absent = "Dante with GSS-API is not built (setup.sh builds it)";
    let output = Command::new("sh").args([script, "--danted"]).output().map_err(|error| error.to_string())?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    if output.status.success() && path.is_file() { Ok(path) } else { Err(absent.to_owned()) }
}
