//! The command line.

use crate::commands::{connect, forward, listen, manual, probe, resolve, udp};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::env;
use std::mem;

#[derive(Parser)]
#[command(name = "anysocks", version, about = ABOUT, long_about = LONG_ABOUT)]
#[command(max_term_width = 100)]
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

A proxy is a URL, such as socks5h://host:port, socks5h://user:password@host:port, \
socks4a://host:port, socks5h+unix:///run/tor/socks or socks5h+tls://host:port. With socks5h and \
socks4a, the proxy resolves the names of targets.";

/// Returns the command line, with the sections of [`Help`] after the help of each command.
pub(crate) fn command() -> clap::Command {
    let mut command = Arguments::command().after_help(Help::ALL.text());
    for subcommand in command.get_subcommands_mut() {
        let help = match subcommand.get_name() {
            "man" | "completions" => continue,
            "probe" => Help { environment: false, exit_status: PROBE_EXIT_STATUS },
            _ => Help::ALL,
        };
        let examples = subcommand.get_after_long_help().map(|text| format!("{text}\n\n"));
        let text = examples.unwrap_or_default() + &help.text();
        *subcommand = mem::take(subcommand).after_long_help(text);
    }
    command.mut_subcommand("probe", |probe| probe.mut_arg("timeout", |timeout| timeout.help(PROBE_TIMEOUT)))
}

/// Parses the arguments of the process.
pub(crate) fn parse() -> Result<Arguments, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(env::args_os())?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The sections that the help texts of the program and of its commands share.
struct Help {
    environment: bool,
    exit_status: &'static str,
}

impl Help {
    const ALL: Self = Self { environment: true, exit_status: EXIT_STATUS };

    fn text(&self) -> String {
        let environment = if self.environment { ENVIRONMENT } else { "" };
        format!("{PASSWORDS}{environment}{}", self.exit_status)
    }
}

const PASSWORDS: &str = "\
Passwords:
  All users of a machine can see command lines. Keep a URL with a password in a file, and pass
  --proxy-file, or in the environment.

";

const ENVIRONMENT: &str = "\
Environment:
  Without --proxy and --proxy-file, the first of these that is set names the proxy: socks_proxy,
  SOCKS_PROXY, all_proxy, ALL_PROXY; otherwise the first of https_proxy, HTTPS_PROXY and http_proxy
  that is a SOCKS URL. Connections to the targets in no_proxy or NO_PROXY are direct. If no proxy is
  set, all connections are direct.

";

const EXIT_STATUS: &str = "\
Exit status:
  0  success
  1  the connection failed after it was established, or a local file, pipe or socket failed, such
     as a used port of --listen
  2  a mistake in the arguments, a URL or the environment, a file of an option that can't be read,
     or no credentials for a METHOD, such as no Kerberos ticket; nothing was sent
  3  the proxy, or the target of a direct connection, could not be reached
  4  the proxy refused the client: its password, or all METHODs; or the METHOD failed
  5  the proxy refused the request
  6  the timeout passed
  7  the answer was not one of a SOCKS proxy, or the proxy closed the connection

  forward returns 128 and the number of the signal that ended it. probe returns 0 if the proxy
  speaks SOCKS, also if it refuses all requests.";

const PROBE_EXIT_STATUS: &str = "\
Exit status:
  0  the proxy speaks SOCKS, also if it refuses all requests
  1  the report can't be printed, or a local socket failed
  2  a mistake in the arguments or the URL, or a file of an option that can't be read; nothing was
     sent
  3  the proxy could not be reached, or its certificate is not trusted
  6  the connection to the proxy timed out
  7  the proxy does not speak SOCKS";

const PROBE_TIMEOUT: &str = "Fail each connection that takes longer than this. The default is 5 seconds";
