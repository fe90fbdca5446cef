//! Errors of the command line, without the passwords in it.

use clap::error::ErrorKind;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints a help text or a mistake in the arguments, and returns the exit status.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if let ErrorKind::DisplayHelp | ErrorKind::DisplayVersion = error.kind() {
        // A closed output is no mistake in the arguments.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let text = redacted(error.render().to_string(), arguments);
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}

/// Replaces the user and the password of each argument that has them. clap quotes arguments that it
/// does not expect, and of `--option=value` the value alone.
fn redacted(text: String, arguments: impl Iterator<Item = String>) -> String {
    arguments.fold(text, |text, argument| {
        let Some(at) = argument.rfind('@') else { return text };
        let argument = &argument[..=at];
        let value = argument.split_once('=').map(|(_, value)| value);
        [Some(argument), value].into_iter().flatten().fold(text, |text, quoted| {
            let scheme = quoted.find("://").map(|at| &quoted[..at + 3]);
            // An earlier colon separates a user from a password that contains `://`.
            let scheme =
                scheme.filter(|scheme| scheme.find(':') == Some(scheme.len() - 3)).unwrap_or_default();
            text.replace(quoted, &format!("{scheme}...@"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_quoted() {
        for (argument, shown) in [
            ("socks5h://me:key@host:1", "socks5h://...@host:1"),
            ("--proxy=socks5h://me:k@y@host:1", "--proxy=socks5h://...@host:1"),
            ("me:key@host:1", "...@host:1"),
            ("me:k://ey@host:1", "...@host:1"),
            ("me:a key@host:1", "...@host:1"),
            ("--frob", "--frob"),
        ] {
            let text = redacted(
                format!("unexpected argument '{argument}' found"),
                [argument.to_owned()].into_iter(),
            );
            assert_eq!(text, format!("unexpected argument '{shown}' found"));
        }
        for value in ["socks5h://me:k=ey@host:1", "me:k=ey@host:1"] {
            let text = format!("invalid value '{value}' for '--timeout <SECONDS>'");
            let text = redacted(text, [format!("--timeout={value}")].into_iter());
            assert!(text.contains("...@host:1' for ") && !text.contains("ey"), "{text}");
        }
    }
}
