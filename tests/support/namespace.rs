//! Programs with replaced resolver files below `/etc`: each runs in a separate mount namespace.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Puts the files of a directory, the first argument, in the place of the resolver's, and executes
/// the other arguments.
const ENTER: &str = r#"
directory=$1
shift
for file in hosts host.conf nsswitch.conf resolv.conf; do
    [ ! -e "/etc/$file" ] || mount --bind "$directory/$file" "/etc/$file" || exit
done
exec "$@"
"#;

/// Linux has mount namespaces, root may make one, and a container may still forbid it.
pub(crate) fn available() -> Result<(), String> {
    match Command::new("unshare").args(["--mount", "mount", "--bind", "/etc", "/etc"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("unshare: {error}")),
    }
}

/// Runs the program, with these files in place of those below `/etc`.
pub(crate) fn enter(
    directory: &Path,
    files: &[(&str, &str)],
    program: &Path,
    with: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<Output, String> {
    let ordinary = [("nsswitch.conf", "hosts: files dns\n"), ("host.conf", "multi on\n")];
    for (name, content) in files.iter().chain(&ordinary) {
        let path = directory.join(name);
        fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", ENTER, "sh"]).args([directory, program]);
    with(&mut command).output().map_err(|error| format!("unshare: {error}"))
}
