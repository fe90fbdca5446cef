//! A reader and a writer of one encapsulated stream in two tasks: neither takes the other's wake-up
//! for good.

use crate::hop::{Hop, connection, server};
use crate::pauses::pauses;
use crate::scene::TARGET;
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

const CODE: u8 = 0xC1;
const PAUSE: Duration = Duration::from_millis(50);
/// A few frames, each of which waits.
const MESSAGE: &[u8] = b"a message that takes several frames, each after the other";

/// The server sends all the time: each read of the client flushes what its writer waits for.
#[test]
fn halves_of_sockets() {
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let hops = [Hop::Numbered(CODE)];
        let server = server(&hops, connection(&hops, TARGET), |wire| {
            wire.stream.set_read_timeout(Some(Duration::from_millis(5))).expect("a timeout");
            let mut heard = Vec::<u8>::new();
            // The client fails the test if it never sends all.
            while heard.len() < MESSAGE.len() {
                wire.write_all(b".").expect("a client that listens");
                let mut buf = [0; 64];
                if let Ok(n) = wire.read(&mut buf) {
                    assert!(n > 0, "the client has closed");
                    heard.extend(&buf[..n]);
                }
            }
            heard
        });
        let proxy = pauses(CODE, server.addr, PAUSE);
        let (mut read, mut write) = (front_end.halves)(&proxy, TARGET).expect("a tunnel");
        thread::scope(|scope| {
            scope.spawn(move || while read.read(&mut [0; 64]).is_ok_and(|n| n > 0) {});
            write.write_all(MESSAGE).expect("an open stream");
            write.flush().expect("an open stream");
        });
        assert_eq!(server.join(), MESSAGE);
    }
}

/// The same of tokio's own `split`, by a clock that is paused: a task that hangs fails the test.
#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn halves_of_tokio() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (established, mut back) = crate::pauses::established(CODE, PAUSE);
    let (client, mut proxy) = tokio::io::duplex(1 << 16);
    let tunnel = anysocks::SocksStream::<_, anysocks::V5, anysocks::tokio::Tokio>::new(client, established);
    let (mut read, mut write) = tokio::io::split(tunnel);
    let sends = tokio::spawn(async move {
        loop {
            proxy.write_all(&back.frame(b".")).await.expect("a client that listens");
            tokio::time::sleep(PAUSE / 5).await;
        }
    });
    let reads = tokio::spawn(async move { while read.read(&mut [0; 64]).await.is_ok() {} });
    let writes = async {
        write.write_all(MESSAGE).await?;
        write.flush().await
    };
    let written = tokio::time::timeout(Duration::from_secs(3600), writes).await;
    written.expect("an end").expect("an open stream");
    sends.abort();
    reads.abort();
}
