//! `anysocks man` and `anysocks completions`.

use crate::failure::Failure;
use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man as Page;
use std::io::{self, Write};

/// The commands that have a page.
const COMMANDS: [&str; 8] = ["connect", "forward", "probe", "resolve", "listen", "udp", "man", "completions"];

/// Print the manual page of the program or of a command
#[derive(clap::Args)]
#[command(after_help = "Example:\n  anysocks man > /usr/local/share/man/man1/anysocks.1")]
pub(crate) struct Man {
    /// The command whose page is printed. Without it, the page of the program is.
    #[arg(value_name = "COMMAND", value_parser = COMMANDS)]
    command: Option<String>,
}

/// Print the completions for a shell
#[derive(clap::Args)]
#[command(after_help = "Example:\n  anysocks completions bash > /etc/bash_completion.d/anysocks")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn man(arguments: &Man, mut command: Command) -> Result<(), Failure> {
    command.build();
    if let Some(name) = &arguments.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| Failure::mistake(format!("no command {name}: see --help")))?;
    }
    let mut page = Vec::new();
    Page::new(command).render(&mut page).map_err(Failure::io)?;
    print(&page)
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
