//! The other process: proxies, a relay, and the clients of the forwarder.
//!
//! It prints its addresses, reads the URL of a forwarder, and ends at the end of its input.

mod clients;
mod proxy;

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{self, ChildStdin, Command, Stdio};

/// The argument of this program that makes it the other process.
pub(crate) const ARGUMENT: &str = "peers";
/// A target behind proxies that fail.
pub(crate) const UNRELIABLE: &str = "unreliable.example:80";
/// One address is not enough for the ports of connections that were closed a minute ago.
const FAULTY: usize = 16;

/// Where the proxies listen.
#[derive(Clone)]
pub(crate) struct Addresses {
    /// They fall silent, close the connection or send something else, at a random point.
    pub(crate) faulty: Vec<SocketAddr>,
    /// It grants everything.
    pub(crate) honest: SocketAddr,
    /// It sends nothing.
    pub(crate) silent: SocketAddr,
}

pub(crate) struct Child {
    pub(crate) addresses: Addresses,
    process: process::Child,
    input: Option<ChildStdin>,
}

impl Child {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the other process");
        let input = process.stdin.take();
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its addresses");
        let mut addresses = line.split_whitespace().map(|addr| addr.parse().expect("an address"));
        let (honest, silent) = (addresses.next().expect("a proxy"), addresses.next().expect("a proxy"));
        Self { addresses: Addresses { faulty: addresses.collect(), honest, silent }, process, input }
    }

    /// Ends the process. Returns whether all clients of the forwarder got what they had sent.
    pub(crate) fn end(mut self) -> bool {
        self.input = None;
        self.process.wait().expect("the other process").success()
    }

    /// Starts the clients of this forwarder.
    pub(crate) fn abuse(&mut self, url: &str) {
        let input = self.input.as_mut().expect("its input");
        writeln!(input, "{url}").expect("the other process");
    }
}

/// What the other process does.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let addresses = runtime.block_on(proxy::start(FAULTY)).expect("listeners");
    let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
    println!("{}", addresses.join(" "));
    for (n, url) in io::stdin().lines().map_while(Result::ok).enumerate() {
        clients::start(&runtime, &url, n);
    }
}
