//! Proxies at Unix-domain sockets, for clients that know of none.

use super::messages::Speaks;
use super::scene::{TARGET, play};
use super::support::server::echo;
use super::{PATIENCE, started};
use anysocks::tokio::{Connector, Socks5Stream};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::thread;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

#[tokio::test]
async fn a_proxy_at_a_path() {
    let path = std::env::temp_dir().join(format!("anysocks-forward-{}", std::process::id()));
    let listener = UnixListener::bind(&path).expect("a socket");
    let proxy = thread::spawn(move || {
        for _ in 0..2 {
            let (client, _) = listener.accept().expect("a client");
            let mut client = TcpStream::from(OwnedFd::from(client));
            play(&mut client, &Speaks::Password.connection(TARGET)).expect("a client of a proxy");
            echo(&client);
        }
    });
    let forwarder = started(Connector::new(Speaks::Password.at(&*path))).await;
    let connect = async || Socks5Stream::connect(forwarder.url(), TARGET).await.expect("a tunnel");
    let mut stream = connect().await;
    stream.write_all(b"hello").await.expect("an open stream");
    stream.shutdown().await.expect("an open stream");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.expect("an orderly end");
    assert_eq!(heard, "hello");
    // It ends with the forwarder too, though it can't be reset.
    let mut stream = connect().await;
    drop(forwarder);
    timeout(PATIENCE, stream.read_u8()).await.expect("in time").expect_err("an end");
    std::fs::remove_file(&path).expect("the socket");
    proxy.join().expect("no panic");
}
