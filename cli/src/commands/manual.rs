//! `anysocks man` and `anysocks completions`.

use super::page::page;
use crate::failure::Failure;
use clap::Command;
use clap_complete::{Shell, generate};
use std::io::{self, Write};

/// The commands that have a page.
const COMMANDS: [&str; 8] = ["connect", "forward", "probe", "resolve", "listen", "udp", "man", "completions"];

/// Print the manual page of the program or of a command
#[derive(clap::Args)]
#[command(after_long_help = "anysocks man > /usr/local/share/man/man1/anysocks.1")]
pub(crate) struct Man {
    /// The command whose page is printed. Without it, the page of the program is.
    #[arg(value_name = "COMMAND", value_parser = COMMANDS)]
    command: Option<String>,
}

/// Print the completions for a shell
#[derive(clap::Args)]
#[command(after_long_help = "anysocks completions bash > /etc/bash_completion.d/anysocks")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints a page of a command line without sections after its options.
pub(crate) fn man(arguments: &Man, command: Command) -> Result<(), Failure> {
    // No page has the name of the command `help`.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    if let Some(name) = &arguments.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| Failure::mistake(format!("no command {name}: see --help")))?;
    }
    print(&page(command, &COMMANDS).map_err(Failure::io)?)
}

pub(crate) fn completions(arguments: &Completions, mut command: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "anysocks", &mut script);
    print(&script)
}

fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout();
    output.write_all(text).and_then(|()| output.flush()).map_err(Failure::output)
}
