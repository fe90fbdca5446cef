//! Contexts between a client and a service in this process, with a KDC of MIT Kerberos beside it.
//!
//! The program starts the KDC and runs itself again with the KDC's environment. Without the KDC's
//! programs, it is left out. `../valgrind` runs the second process under valgrind.

mod credentials;
mod establishing;
mod failures;
#[path = "../../../tests/support/kerberos.rs"]
mod kerberos;
#[path = "../../../tests/support/left_out.rs"]
mod left_out;
mod messages;
mod pair;
#[path = "../../../tests/interop/process.rs"]
mod process;
#[path = "../../../tests/interop/resources.rs"]
#[allow(dead_code, reason = "a part of it is enough")]
mod resources;
mod sizes;
mod threads;
#[path = "../../../tests/support/watchdog.rs"]
mod watchdog;

use kerberos::{Files, Kdc};
use libtest_mimic::{Arguments, Failed, Trial};
use resources::RunDirectory;
use std::env;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// In the second process: the directory of the KDC's files.
const FILES: &str = "ANYSOCKS_KDC";
/// The words before the command of the second process, such as `valgrind`.
const RUNNER: &str = "ANYSOCKS_TEST_RUNNER";
/// In a third process: set, if its trials are those that need a process of their own.
const ALONE: &str = "ANYSOCKS_ALONE";
/// The longest time that a trial may take.
const LIMIT: Duration = Duration::from_secs(120);

type Check = fn(&Files);

fn main() -> ExitCode {
    let result = match env::var_os(FILES) {
        Some(directory) => return run(&Files::at(directory)),
        None => with_kdc(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn with_kdc() -> Result<ExitCode, String> {
    if let Some(reason) = kerberos::missing() {
        left_out::left_out("anysocks-gssapi", reason);
        return Ok(ExitCode::SUCCESS);
    }
    let directory = RunDirectory::create()?;
    let kdc = Kdc::start(directory.path())
        .map_err(|error| format!("{error}\n{}", process::logs(directory.path())))?;
    let mut child = again()?;
    child.args(env::args_os().skip(1)).envs(kdc.files().environment()).env(FILES, directory.path());
    let status = child.status().map_err(|error| error.to_string())?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// This program, under the runner if there is one.
fn again() -> Result<Command, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let runner = env::var(RUNNER).unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(first) = words.next() else { return Ok(Command::new(program)) };
    let mut command = Command::new(first);
    command.args(words).arg(program);
    Ok(command)
}

fn run(files: &Files) -> ExitCode {
    let all = [
        credentials::CHECKS,
        establishing::CHECKS,
        failures::CHECKS,
        messages::CHECKS,
        sizes::CHECKS,
        threads::CHECKS,
    ];
    let alone = [credentials::ALONE, sizes::ALONE];
    let checks = if env::var_os(ALONE).is_some() { alone.concat() } else { all.concat() };
    let trials = checks.into_iter().map(|(name, check)| trial(name, check, files)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &'static str, check: Check, files: &Files) -> Trial {
    let files = files.clone();
    Trial::test(name, move || {
        let _watched = watchdog::watch(name.to_owned(), LIMIT);
        check(&files);
        Ok::<(), Failed>(())
    })
}

/// Runs one trial in a process of its own, with other variables in its environment.
fn run_alone(trial: &str, variables: &[(&str, &str)]) {
    let mut child = again().expect("this program");
    let output = child.args(["--exact", trial]).env(ALONE, "1").envs(variables.iter().copied()).output();
    let output = output.expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{variables:?}: {said} {errors}");
}
