//! Interoperation with widely used servers: Dante, microsocks, OpenSSH, Tor, shadowsocks-libev,
//! v2ray, stunnel and fast-socks5, and Dante with the KDC of MIT Kerberos. Each runs on loopback,
//! and each case on each front end.
//!
//! A trial's name is `server::case::front-end`, so a filter selects any of the three. A server
//! starts with its first trial. The trials of a server that is not installed (`setup.sh` installs
//! them) are ignored, and the reason is listed. With `ANYSOCKS_INTEROP=require` they fail. The
//! trials of a Tor network, which takes half a minute to start, are there if
//! `ANYSOCKS_INTEROP_TOR` is set.

mod association;
mod bind;
mod browsing;
mod capabilities;
mod cases;
mod chains;
mod checks;
mod circuits;
mod control;
mod destinations;
mod dns;
mod expectation;
mod fronts;
#[path = "../names/granting.rs"]
mod granting;
mod gssapi;
mod in_process;
mod isolated;
mod isolation;
#[path = "../support/kerberos.rs"]
mod kerberos;
mod lab;
#[path = "../support/left_out.rs"]
mod left_out;
mod listening;
mod lookups;
#[path = "../support/namespace.rs"]
mod namespace;
#[path = "../quic/peer.rs"]
mod peer;
mod process;
mod programs;
#[path = "../names/recorder.rs"]
mod recorder;
mod resources;
mod running;
mod scene;
mod servers;
mod setting;
mod stopped;
mod table;
mod tls;
mod tornet;
mod trials;
mod tunnel;
mod udp;
#[path = "../support/watchdog.rs"]
mod watchdog;
mod web;

use std::process::ExitCode;
use std::sync::Arc;

use lab::Lab;
use libtest_mimic::Arguments;

/// Trials hardly compute; they wait for servers, and a few of them for seconds.
const THREADS: usize = 8;

fn main() -> ExitCode {
    isolated::run_if_asked();
    gssapi::enter_realm();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    // Dropping the last reference stops the servers. It is this one, because all trials have ended
    // by then.
    let lab = Arc::new(Lab::default());
    libtest_mimic::run(&arguments, trials::all(&lab)).exit_code()
}
