//! Peers that have closed their sockets, in a network namespace whose system forgets connections
//! after one second, not 60.

#[path = "../../../tests/support/in_namespace.rs"]
mod in_namespace;
#[path = "../../../tests/support/left_out.rs"]
mod left_out;

use super::*;
use crate::Proxy;
use crate::forward::keepalive::Keepalive;
use tokio::runtime;

const PREPARE: &str = "ip link set lo up && echo 1 >/proc/sys/net/ipv4/tcp_fin_timeout";
const SECOND: Duration = Duration::from_secs(1);

/// Runs a test in a namespace, where it has a minute.
fn alone(test: &str, work: impl Future<Output = ()>) {
    if in_namespace::is_inside(&format!("forward::tests::closed::{test}"), PREPARE) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { timeout(60 * SECOND, work).await.unwrap() });
    }
}

/// One place, no limit for half-closed tunnels, and keepalive that a test can wait for.
const LIMITS: Limits = Limits {
    connections: 1,
    waiting: 1,
    unauthenticated: 1,
    handshake: Duration::from_secs(5),
    half_closed: Duration::MAX,
    keepalive: Keepalive { after: SECOND, every: SECOND },
};

#[test]
fn a_side_that_is_gone_leaves_its_place() {
    alone("a_side_that_is_gone_leaves_its_place", async {
        let forwarder = within(LIMITS).await;
        let mut silent = Vec::new();
        for target_first in [false, false, true, true] {
            let (client, target) = tunnel(&forwarder).await;
            let (mut closed, mut left) = if target_first { (target, client) } else { (client, target) };
            closed.write_all(&[7]).await.unwrap();
            drop(closed);
            assert_eq!(next_byte(&mut left).await, 7);
            silent.push(left);
        }
        tunnel(&forwarder).await;
        // They have been sent all, and nothing has reset them.
        for left in &mut silent {
            assert_eq!(ended(left).await, ErrorKind::UnexpectedEof);
        }
    });
}

#[test]
fn a_side_that_has_only_ended_keeps_it() {
    alone("a_side_that_has_only_ended_keeps_it", async {
        for target_first in [false, true] {
            let forwarder = within(LIMITS).await;
            let (client, target) = tunnel(&forwarder).await;
            let (mut first, mut second) = if target_first { (target, client) } else { (client, target) };
            first.shutdown().await.unwrap();
            assert_eq!(ended(&mut second).await, ErrorKind::UnexpectedEof);
            // For longer than it takes to find one that is gone.
            sleep(5 * SECOND).await;
            second.write_all(&[7]).await.unwrap();
            second.shutdown().await.unwrap();
            assert_eq!(next_byte(&mut first).await, 7);
            assert_eq!(ended(&mut first).await, ErrorKind::UnexpectedEof);
        }
    });
}

#[test]
fn a_client_that_is_gone_is_not_dialled_for() {
    alone("a_client_that_is_gone_is_not_dialled_for", async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let silent = Proxy::socks5(listener.local_addr().unwrap()).unwrap().timeout(None);
        let forwarder = Builder { connector: Connector::new(silent), limits: LIMITS }.start().await.unwrap();
        let mut client = TcpStream::connect(forwarder.addr()).await.unwrap();
        let password = forwarder.shared.password.as_bytes();
        let (user, digits) = (USER.as_bytes(), [u8::try_from(password.len()).unwrap()]);
        let hello = [&[5, 1, 2, 1, 8], user, &digits, password].concat();
        client.write_all(&hello).await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
        // The first bytes behind the request hide the end behind them.
        client.write_all(b"\x05\x01\0\x01\xC0\0\x02\x01\0\x50early").await.unwrap();
        let (mut dialled, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        dialled.read_exact(&mut [0; 3]).await.unwrap();
        drop(client);
        assert_eq!(ended(&mut dialled).await, ErrorKind::UnexpectedEof);
    });
}
