//! The names that this machine's resolver gets, on every path of every front end: only those that
//! must be resolved locally.

#![cfg(target_os = "linux")]

mod fronts;
#[path = "names/granting.rs"]
mod granting;
#[path = "connector/messages.rs"]
mod messages;
#[path = "support/namespace.rs"]
mod namespace;
#[cfg(feature = "tokio")]
#[path = "names/on_tokio.rs"]
mod on_tokio;
#[path = "names/paths.rs"]
mod paths;
#[path = "names/recorder.rs"]
mod recorder;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use granting::Granting;
use paths::{BY_PROXY, LOCALLY, REFUSED, Scene, everywhere, is_refused};
use recorder::NameServer;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};
use support::case::Case;
use support::left_out::left_out;

/// The variable that has the proxy's address where the program runs with other resolver files.
const PROXY: &str = "ANYSOCKS_NAMES_PROXY";

/// More than it takes for a datagram to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn that_leave_this_machine() {
    if let Ok(proxy) = env::var(PROXY) {
        return walk_all(proxy.parse().expect("an address"));
    }
    if let Err(reason) = namespace::available() {
        return left_out("that_leave_this_machine", reason);
    }
    let (names, proxy) = (NameServer::start().expect("a name server"), Granting::start().expect("a proxy"));
    let directory = env::temp_dir().join(format!("anysocks-names-{}", process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let files = [("hosts", ""), ("resolv.conf", &*format!("nameserver {}\n", names.ip))];
    let own = env::current_exe().expect("this program");
    let walked = namespace::enter(&directory, &files, &own, |command| {
        command
            .args(["--exact", "that_leave_this_machine", "--nocapture"])
            .env(PROXY, proxy.addr.to_string())
            .env("socks_proxy", format!("socks5h://{}", proxy.addr))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
    });
    fs::remove_dir_all(&directory).expect("the directory");
    let walked = walked.expect("a namespace");
    let said = String::from_utf8_lossy(&walked.stdout) + String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success() && said.contains("1 passed"), "{said}");

    // Datagrams may still be on their way.
    let by_proxy: BTreeSet<_> = everywhere(BY_PROXY, "proxy.test").map(|(.., name)| name).collect();
    #[cfg(feature = "tokio")]
    let by_proxy = &by_proxy | &on_tokio::names("proxy.test");
    let began = Instant::now();
    while proxy.asked.all() != by_proxy && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(proxy.asked.all(), by_proxy, "names that the proxy was asked for");
    let locally: BTreeSet<_> = everywhere(LOCALLY, "local.test").map(|(.., name)| name).collect();
    #[cfg(feature = "tokio")]
    let locally = &locally | &on_tokio::names("local.test");
    assert_eq!(names.asked.all(), locally, "names that this machine looked up");
}

fn walk_all(proxy: SocketAddr) {
    for (paths, zone) in [(BY_PROXY, "proxy.test"), (LOCALLY, "local.test"), (REFUSED, "onion")] {
        for (front, way, (_, path), name) in everywhere(paths, zone) {
            let _case = Case::new(&*name);
            let outcome = path(&Scene { front, way, proxy }, &name);
            match zone {
                "onion" => assert!(is_refused(&outcome), "{outcome:?}"),
                _ => outcome.expect("what was asked for"),
            }
        }
    }
    #[cfg(feature = "tokio")]
    on_tokio::walk_all(proxy);
}
