//! The command line.

use crate::commands::{connect, forward, listen, manual, probe, resolve, udp};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "anysocks", version, about = ABOUT, long_about = LONG_ABOUT)]
#[command(after_help = AFTER_HELP, max_term_width = 100)]
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

const AFTER_HELP: &str = "\
Passwords:
  All users of a machine can see command lines. Keep a URL with a password in a file, and pass
  --proxy-file, or in the environment.

Environment:
  Without --proxy and --proxy-file, the first of these that is set has the proxy: socks_proxy,
  SOCKS_PROXY, all_proxy, ALL_PROXY; otherwise the first of https_proxy, HTTPS_PROXY and http_proxy
  that is a SOCKS URL. Connections to the targets in no_proxy or NO_PROXY are direct. If no proxy is
  set, all connections are direct.

Exit status:
  0  success
  1  the connection failed after it was established, or a file or a local socket failed
  2  a mistake in the arguments, a URL or the environment; nothing was sent
  3  the proxy, or the target of a direct connection, could not be reached
  4  the proxy refused the client: its password, or all METHODs
  5  the proxy refused the request
  6  the timeout passed
  7  the answer was not one of a SOCKS proxy, or the proxy closed the connection";
