//! Keepalive at both sockets of a connection, and of an association.

use super::datagrams::Scene;
use super::messages::Speaks;
use super::scene::{TARGET, serving};
use super::support::server::echo;
use super::{PATIENCE, started};
use anysocks::tokio::{Connector, Socks5Stream};
use std::fs;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// What the forwarder sets, and what a proxy may have set.
const DEFAULT: Duration = Duration::from_secs(45);
const LONG: Duration = Duration::from_secs(1000);

/// A TCP socket.
#[derive(Debug)]
struct Row {
    local: u16,
    remote: u16,
    /// The time until the next probe of keepalive, if that is what the socket's timer waits for.
    keepalive: Option<Duration>,
}

/// Those that have this port at either end.
fn rows(port: u16) -> Vec<Row> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    table.lines().filter_map(row).filter(|row| row.local == port || row.remote == port).collect()
}

/// `number: local remote state tx:rx timer:when ...`, in hexadecimal digits.
fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_whitespace().skip(1);
    let mut port = || {
        let (_, port) = fields.next()?.split_once(':')?;
        u16::from_str_radix(port, 16).ok()
    };
    let (local, remote) = (port()?, port()?);
    let (timer, when) = fields.nth(2)?.split_once(':')?;
    // In hundredths of a second.
    let when = Duration::from_millis(10 * u64::from_str_radix(when, 16).ok()?);
    Some(Row { local, remote, keepalive: (timer == "02").then_some(when) })
}

/// The only socket with this port at one end, and any at the other, has a timer of up to this.
async fn assert_probes(port: u16, is_local: bool, after: Duration) {
    let began = Instant::now();
    loop {
        let rows = rows(port);
        let mut own = rows.iter().filter(|row| if is_local { row.local == port } else { row.remote == port });
        // Another timer may have to run out first.
        let left = own.find_map(|row| row.keepalive);
        if left.is_some_and(|left| left <= after && left + PATIENCE > after) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{left:?} at {rows:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn of_a_direct_connection() {
    let target = serving(|client| echo(&client));
    let forwarder = started(Connector::direct()).await;
    let _stream = Socks5Stream::connect(forwarder.url(), target).await.expect("a tunnel");
    assert_probes(forwarder.addr().port(), true, DEFAULT).await;
    assert_probes(target.port(), false, DEFAULT).await;
}

#[tokio::test]
async fn of_a_connection_through_a_proxy() {
    for own in [None, Some(LONG)] {
        let lines = Speaks::Socks5.connection(TARGET);
        let proxy = serving(move |mut client| {
            super::scene::play(&mut client, &lines).expect("a client of a proxy");
            echo(&client);
        });
        let forwarder = started(Connector::new(Speaks::Socks5.at(proxy).keepalive(own))).await;
        let _stream = Socks5Stream::connect(forwarder.url(), TARGET).await.expect("a tunnel");
        assert_probes(forwarder.addr().port(), true, DEFAULT).await;
        assert_probes(proxy.port(), false, own.unwrap_or(DEFAULT)).await;
    }
}

#[tokio::test]
async fn of_an_association() {
    let scene = Scene::new(0).await;
    assert_probes(scene.forwarder.addr().port(), true, DEFAULT).await;
    assert_probes(scene.proxy.addr.port(), false, DEFAULT).await;
}
