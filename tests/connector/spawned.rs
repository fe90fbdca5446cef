//! Connectors with wrapped streams in separate tasks, on threads that the runtime chooses.

use super::messages::{BOUND, Speaks};
use super::scene::serving;
use anysocks::{Address, Name};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;

const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const FIRST: &[u8] = b"first bytes";

/// Proxies that grant every request.
fn granting() -> SocketAddr {
    serving(|mut client| {
        super::scene::play(&mut client, &Speaks::Socks5.greeting()).expect("a client that knows its part");
        let mut request = [0; 100];
        let n = client.read(&mut request).expect("a request");
        let reply = match request[..n][1] {
            0xF0 => Speaks::Socks5.granted("192.0.2.1:0"),
            0xF1 => b"\x05\0\0\x03\x01a\0\0".to_vec(),
            _ => Speaks::Socks5.granted(BOUND),
        };
        client.write_all(&reply).expect("a client that listens");
        let _ = client.read(&mut request);
    })
}

fn bound() -> Address {
    Address::Ip(BOUND.parse().expect("an address"))
}

/// A task for each call. `$spawn` starts a future as a task, and `$joined` converts the task's
/// outcome.
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
macro_rules! tasks {
    ($front:ident, $run:path, $spawn:path, $joined:path) => {
        #[test]
        fn $front() {
            use crate::support::blocked::Executor as _;
            let connector = anysocks::$front::Connector::new(Speaks::Socks5.at(granting()));
            // The awaited future must be `Send`, but need not be `Sync`.
            let connector = connector.wrapped(|stream, _| async move {
                let unshared = std::cell::Cell::new(false);
                smol::future::yield_now().await;
                unshared.set(true);
                Ok(stream)
            });
            let [one, two, three, four, five] = [(); 5].map(|()| connector.clone());
            $run(async move {
                let connect = $spawn(async move {
                    let target = String::from("example.com:80");
                    one.connect(&*target).await
                });
                let connect_with_early_data = $spawn(async move {
                    let (host, first) = (String::from("example.com"), FIRST.to_vec());
                    two.connect_with_early_data((&*host, 80), &first).await
                });
                let bind = $spawn(async move { three.bind("192.0.2.1:80").await });
                let resolve = $spawn(async move { four.resolve(&*String::from("example.com")).await });
                let resolve_ptr = $spawn(async move { five.resolve_ptr(IP).await });

                assert_eq!($joined(connect.await).expect("a tunnel").bound_addr(), &bound());
                assert_eq!($joined(connect_with_early_data.await).expect("a tunnel").bound_addr(), &bound());
                assert_eq!($joined(bind.await).expect("a listener").bound_addr(), &bound());
                assert_eq!($joined(resolve.await).expect("an address"), IP);
                assert_eq!($joined(resolve_ptr.await).expect("a name"), Name::from(b"a".to_vec()));
            });
        }
    };
}

#[cfg(feature = "tokio")]
tasks!(tokio, crate::support::blocked::OnTokio::run, ::tokio::spawn, Result::unwrap);

#[cfg(feature = "smol")]
tasks!(smol, crate::support::blocked::OnAsyncIo::run, ::smol::spawn, std::convert::identity);

#[cfg(feature = "async-std")]
tasks!(async_std, crate::support::blocked::OnAsyncIo::run, ::async_std::task::spawn, std::convert::identity);

#[test]
fn blocking() {
    let connector = anysocks::blocking::Connector::new(Speaks::Socks5.at(granting()));
    let connector = connector.wrapped(|stream, _| Ok(stream));
    let [one, two, three, four, five] = [(); 5].map(|()| connector.clone());
    let connect = thread::spawn(move || one.connect("example.com:80"));
    let connect_with_early_data = thread::spawn(move || two.connect_with_early_data("example.com:80", FIRST));
    let bind = thread::spawn(move || three.bind("192.0.2.1:80"));
    let resolve = thread::spawn(move || four.resolve("example.com"));
    let resolve_ptr = thread::spawn(move || five.resolve_ptr(IP));

    assert_eq!(connect.join().expect("no panic").expect("a tunnel").bound_addr(), &bound());
    assert_eq!(connect_with_early_data.join().expect("no panic").expect("a tunnel").bound_addr(), &bound());
    assert_eq!(bind.join().expect("no panic").expect("a listener").bound_addr(), &bound());
    assert_eq!(resolve.join().expect("no panic").expect("an address"), IP);
    assert_eq!(resolve_ptr.join().expect("no panic").expect("a name"), Name::from(b"a".to_vec()));
}
