//! The processor time of a whole connection: dialling, the handshake, and closing.
//!
//! Each way has a process, and they take turns in an order that rotates, so that other work on the
//! machine slows all of them alike. Each turn gives the ratio of a way's time to the floor's.

use super::client::{TURNS, order};
use super::proxy::{Manner, Proxy};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

const ROUNDS: usize = 101;
const CONNECTS: usize = 64;

/// Microseconds of a connection in each turn, for each of these ways.
pub(super) fn processor_time(ways: &[usize]) -> Vec<Vec<f64>> {
    let proxy = Proxy::start(Manner::AtOnce);
    let mut clients: Vec<_> = ways.iter().map(|way| Client::start(*way, &proxy)).collect();
    let mut times = vec![Vec::new(); ways.len()];
    for turn in 0..ROUNDS {
        for place in 0..ways.len() {
            let way = (turn + place) % ways.len();
            times[way].push(clients[way].turn());
        }
    }
    times
}

struct Client {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Client {
    fn start(way: usize, proxy: &Proxy) -> Self {
        let mut command = order(way, proxy.addr, TURNS, CONNECTS).command(&[]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut client = Self { process, to, from };
        // The first one sets up what stays.
        client.turn();
        client
    }

    fn turn(&mut self) -> f64 {
        self.to.write_all(b"\n").expect("a client that reads");
        let mut time = String::new();
        self.from.read_line(&mut time).expect("a client that writes");
        time.trim().parse::<f64>().expect("a time")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
