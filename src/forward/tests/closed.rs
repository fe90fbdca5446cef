//! Peers that have closed their sockets, in a network namespace where the system forgets
//! connections after one second instead of 60.

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

/// Runs a test in a namespace, with a timeout of one minute.
fn in_own_namespace(test: &str, work: impl Future<Output = ()>) {
    if in_namespace::is_inside(&format!("forward::tests::closed::{test}"), PREPARE) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { timeout(60 * SECOND, work).await.unwrap() });
    }
}

/// One connection, no timeout of half-closed tunnels, and a short keepalive.
const LIMITS: Limits = Limits {
    connections: 1,
    queued: 1,
    unauthenticated: 1,
    handshake: Duration::from_secs(5),
    half_closed: Duration::MAX,
    keepalive: Keepalive { after: SECOND, every: SECOND },
};

#[test]
fn a_lost_side_frees_its_connection() {
    in_own_namespace("a_lost_side_frees_its_connection", async {
        let forwarder = start(LIMITS).await;
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
        // They have been sent all data, so they are closed and not reset.
        for left in &mut silent {
            assert_eq!(ended(left).await, ErrorKind::UnexpectedEof);
        }
    });
}

#[test]
fn a_half_closed_side_keeps_its_connection() {
    in_own_namespace("a_half_closed_side_keeps_its_connection", async {
        for target_first in [false, true] {
            let forwarder = start(LIMITS).await;
            let (client, target) = tunnel(&forwarder).await;
            let (mut first, mut second) = if target_first { (target, client) } else { (client, target) };
            first.shutdown().await.unwrap();
            assert_eq!(ended(&mut second).await, ErrorKind::UnexpectedEof);
            // Longer than it takes to detect a lost peer.
            sleep(5 * SECOND).await;
            second.write_all(&[7]).await.unwrap();
            second.shutdown().await.unwrap();
            assert_eq!(next_byte(&mut first).await, 7);
            assert_eq!(ended(&mut first).await, ErrorKind::UnexpectedEof);
        }
    });
}

#[test]
fn the_connection_attempt_of_a_lost_client_is_cancelled() {
    in_own_namespace("the_connection_attempt_of_a_lost_client_is_cancelled", async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let silent = Proxy::socks5(listener.local_addr().unwrap()).unwrap().timeout(None);
        let forwarder =
            Builder { limits: LIMITS, ..Builder::new(Connector::new(silent)) }.start().await.unwrap();
        let mut client = TcpStream::connect(forwarder.addr()).await.unwrap();
        let password = forwarder.password.as_ref().unwrap().as_bytes();
        let (user, digits) = (USER.as_bytes(), [u8::try_from(password.len()).unwrap()]);
        let hello = [&[5, 1, 2, 1, 8], user, &digits, password].concat();
        client.write_all(&hello).await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
        // Early data after the request hide the end of the stream.
        client.write_all(b"\x05\x01\0\x01\xC0\0\x02\x01\0\x50early").await.unwrap();
        let (mut dialled, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        dialled.read_exact(&mut [0; 3]).await.unwrap();
        drop(client);
        assert_eq!(ended(&mut dialled).await, ErrorKind::UnexpectedEof);
    });
}
