//! Tests in separate namespaces, whose network and file systems they may change. That needs Linux
//! and root.

use super::left_out::left_out;
use std::env;
use std::process::Command;

const INSIDE: &str = "ANYSOCKS_NAMESPACE";

/// Whether the caller, the test of this name, runs in namespaces that the shell script has
/// prepared.
///
/// If not, this runs the test there and fails if it fails. If the machine has no namespaces, the
/// test is left out.
pub(crate) fn is_inside(test: &str, prepare: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "sh", "-c", script]).arg(env::current_exe().expect("this program"));
        command.env(INSIDE, "1").output()
    };
    match in_namespace(prepare) {
        Ok(done) if done.status.success() => {}
        Ok(done) => {
            left_out(test, String::from_utf8_lossy(&done.stderr).trim());
            return false;
        }
        Err(error) => {
            left_out(test, format!("unshare: {error}"));
            return false;
        }
    }
    let script = format!("{prepare} && exec \"$0\" --exact {test} --nocapture");
    let done = in_namespace(&script).expect("namespaces");
    let output = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    // A name that no test has would run none.
    assert!(done.status.success() && output.contains("1 passed"), "{test}: {output}");
    false
}
