//! Strangers at a forwarder: how many, and when there is no descriptor for them.

use super::clients::{admitted, to_the_end};
use super::scene::saying;
use super::{QUIET, assert_word, started};
use anysocks::tokio::Connector;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn the_oldest_makes_room_for_one_who_comes() {
    let forwarder = started(Connector::direct()).await;
    let target = saying(vec![], "target");
    let mut strangers = Vec::new();
    for _ in 0..64 {
        strangers.push(TcpStream::connect(forwarder.addr()).await.expect("a listener"));
    }
    timeout(QUIET, strangers[0].read_u8()).await.expect_err("a stranger with a place");
    assert_word(&forwarder, &target.to_string(), "target").await;
    // Well before it is too late for all of them.
    let ended = timeout(Duration::from_secs(3), strangers[0].read(&mut [0])).await;
    assert_eq!(ended.expect("in time").expect("an end"), 0);
    // The others may still authenticate.
    let (second, last) = (1, 63);
    for stranger in [second, last] {
        strangers[stranger].write_all(&[5, 1, 2]).await.expect("an open stream");
        let mut chosen = [0; 2];
        strangers[stranger].read_exact(&mut chosen).await.expect("a method");
        assert_eq!(chosen, [5, 2]);
    }
    // An authenticated client is not counted.
    let mut client = admitted(&forwarder).await;
    client.write_all(b"\x05\x02\0\x01\xC0\0\x02\x01\0\x50").await.expect("an open stream");
    assert_eq!(to_the_end(&mut client).await[..2], [5, 7]);
}

#[cfg(unix)]
mod descriptors {
    use super::*;
    use crate::support::case::limit_test;
    use std::env;
    use std::fs::File;
    use std::process::Command;

    const CHILD: &str = "ANYSOCKS_FORWARD_FEW_DESCRIPTORS";

    /// In a process of its own, since no other test could open anything.
    #[test]
    fn a_lack_of_them_passes() {
        if env::var_os(CHILD).is_some() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            return runtime.expect("a runtime").block_on(lack());
        }
        limit_test();
        let child = Command::new("sh")
            .args(["-c", "ulimit -n 64 && exec \"$@\"", "sh"])
            .arg(env::current_exe().expect("this test"))
            .args(["--exact", "strangers::descriptors::a_lack_of_them_passes", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .expect("a shell");
        let said = [child.stdout, child.stderr].concat();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&said));
        assert!(String::from_utf8_lossy(&said).contains("1 passed"));
    }

    async fn lack() {
        let forwarder = started(Connector::direct()).await;
        let target = saying(vec![], "target");
        let mut files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        drop(files.pop().expect("a file"));
        let mut waiting = TcpStream::connect(forwarder.addr()).await.expect("a listener");
        File::open("/dev/null").expect_err("no descriptor is left");
        timeout(QUIET, waiting.read_u8()).await.expect_err("nobody to serve it");
        drop(files);
        waiting.write_all(&[5, 1, 2]).await.expect("an open stream");
        waiting.read_exact(&mut [0; 2]).await.expect("a method");
        assert_word(&forwarder, &target.to_string(), "target").await;
    }
}
