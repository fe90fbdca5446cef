//! The command line.

use crate::commands::{connect, forward, listen, manual, probe, resolve, udp};
use crate::help;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::env;
use std::mem;

#[derive(Parser)]
#[command(name = "anysocks", version, about = ABOUT, long_about = LONG_ABOUT)]
#[command(max_term_width = 100, subcommand_value_name = "COMMAND")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Connect(connect::Arguments),
    Forward(forward::Arguments),
    Probe(probe::Arguments),
    Resolve(resolve::Arguments),
    Listen(listen::Arguments),
    Udp(udp::Arguments),
    Man(manual::Man),
    Completions(manual::Completions),
}

const ABOUT: &str = "Use SOCKS4, SOCKS4a and SOCKS5 proxies from the shell";

const LONG_ABOUT: &str = "\
Use SOCKS4, SOCKS4a and SOCKS5 proxies from the shell

A proxy is a URL, such as socks5h://host:port, socks5h+tls://host:port or \
socks5h+unix:///run/tor/socks.";

/// Returns the command line without the [sections](help::sections) after the options.
pub(crate) fn plain() -> clap::Command {
    let probe_timeout = |timeout: clap::Arg| timeout.help(PROBE_TIMEOUT);
    Arguments::command().mut_subcommand("probe", |probe| probe.mut_arg("timeout", probe_timeout))
}

/// Returns the command line.
pub(crate) fn command() -> clap::Command {
    let mut command = plain();
    for subcommand in command.get_subcommands_mut() {
        let text = help::text(&help::sections(subcommand));
        *subcommand = mem::take(subcommand).after_long_help(text);
    }
    let text = help::text(&help::sections(&command));
    command.after_long_help(text)
}

/// Parses the arguments of the process.
pub(crate) fn parse() -> Result<Arguments, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(env::args_os())?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

const PROBE_TIMEOUT: &str = "Fail each connection that takes longer than this. The default is 5 seconds";
