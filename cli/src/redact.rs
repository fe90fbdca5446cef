//! Errors of the command line, without the passwords in it.

use clap::error::ErrorKind;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints a help text, or what is wrong.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if let ErrorKind::DisplayHelp | ErrorKind::DisplayVersion = error.kind() {
        // There is nobody to report a closed output to.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let text = redacted(error.render().to_string(), arguments);
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}

/// Replaces the user and the password of each argument that has them. clap quotes arguments that it
/// does not expect.
fn redacted(text: String, arguments: impl Iterator<Item = String>) -> String {
    arguments.fold(text, |text, argument| match argument.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let separator = if scheme.is_empty() { "" } else { "://" };
            text.replace(&argument, &format!("{scheme}{separator}...@{host}"))
        }
        None => text,
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
            ("--frob", "--frob"),
        ] {
            let text = redacted(
                format!("unexpected argument '{argument}' found"),
                [argument.to_owned()].into_iter(),
            );
            assert_eq!(text, format!("unexpected argument '{shown}' found"));
        }
    }
}
