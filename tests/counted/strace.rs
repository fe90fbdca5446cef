//! Counts the system calls of a test of this program, which runs again under `strace`.

use std::env;
use std::io;
use std::process::Command;

/// Returns the number of calls that the test makes with these variables in its environment, or
/// `None` without `strace`.
pub(crate) fn calls<'v>(
    test: &str,
    traced: &str,
    variables: impl IntoIterator<Item = (&'v str, String)>,
) -> Option<usize> {
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none", "-e", traced])
        .arg(env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture"])
        .envs(variables)
        .output();
    let traced = match traced {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        traced => traced.expect("strace runs"),
    };
    let calls = String::from_utf8_lossy(&traced.stderr);
    assert!(traced.status.success(), "{calls}");
    // A call that another thread interrupts takes two lines.
    Some(calls.lines().filter(|line| line.contains('(') && !line.contains(" resumed>")).count())
}
