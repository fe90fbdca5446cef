//! The other process: proxies, a relay, and the clients of the forwarders.
//!
//! It prints its addresses and reads the URLs of the forwarders. When it reads [`ENDING`], it
//! prints how many streams and datagrams were echoed. It ends at the end of its input.

mod clients;
mod proxy;

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

/// The argument of this program that makes it the other process.
pub(crate) const ARGUMENT: &str = "peers";
/// The line before the forwarders end. Their clients get errors from then on.
const ENDING: &str = "ending";
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
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the other process");
        let input = process.stdin.take();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("its addresses");
        let mut addresses = line.split_whitespace().map(|addr| addr.parse().expect("an address"));
        let (honest, silent) = (addresses.next().expect("a proxy"), addresses.next().expect("a proxy"));
        let addresses = Addresses { faulty: addresses.collect(), honest, silent };
        Self { addresses, process, input, output }
    }

    /// Starts the clients of these forwarders.
    pub(crate) fn abuse(&mut self, urls: &[String; 2]) {
        self.write(&urls.join(" "));
    }

    /// Allows the clients to fail from now on, because the forwarders will end. Returns how many
    /// streams and datagrams came back as they were sent.
    pub(crate) fn expect_errors(&mut self) -> [u64; 2] {
        self.write(ENDING);
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the other process");
        let mut counts = line.split_whitespace().map(|count| count.parse().expect("a count"));
        [(); 2].map(|()| counts.next().expect("a count of the other process"))
    }

    /// Ends the process. Returns whether no good client of the forwarders failed.
    pub(crate) fn end(mut self) -> bool {
        self.input = None;
        let is_good = self.process.wait().expect("the other process").success();
        if !is_good {
            println!("FAILED: the other process");
        }
        is_good
    }

    fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input");
        writeln!(input, "{line}").expect("the other process");
    }
}

/// What the other process does.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let addresses = runtime.block_on(proxy::start(FAULTY)).expect("listeners");
    let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
    println!("{}", addresses.join(" "));
    let good = Arc::default();
    for line in io::stdin().lines().map_while(Result::ok) {
        if line == ENDING {
            let [streams, datagrams] = clients::expect_errors(&good);
            println!("{streams} {datagrams}");
        } else {
            let (by_rule, single) = line.split_once(' ').expect("two forwarders");
            clients::start(&runtime, by_rule, single, &good);
        }
    }
}
