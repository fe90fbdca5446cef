//! The flow of a connection, with names whose addresses the test chooses.

use super::*;
use crate::any_version::AnyVersion;
use crate::blocking::{Blocking, at_once};
use crate::proxy::Resolve;
use crate::reply::Reply;
use crate::route::Chain;
use crate::version::V4;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const SLOW: Duration = Duration::from_secs(1);

/// The blocking front end with a resolver that reads the addresses off the name: `v6-v4.test` has one of each, and those of
/// `slow-v4.test` take a while.
struct Listed;

impl Runtime for Listed {
    type Stream = TcpStream;

    fn now() -> Instant {
        Blocking::now()
    }

    async fn within<T>(deadline: Deadline, work: impl Future<Output = T> + Send + Sync) -> Option<T> {
        Blocking::within(deadline, work).await
    }

    async fn lookup(name: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
        let mut addrs = Vec::new();
        for (part, last) in name.trim_end_matches(".test").split('-').zip(1..) {
            match part {
                "slow" => {
                    let left = deadline.map_or(SLOW, |at| at.saturating_duration_since(Instant::now()));
                    thread::sleep(left.min(SLOW));
                    if left < SLOW {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                "v4" => addrs.push((Ipv4Addr::new(192, 0, 2, last), port).into()),
                "v6" => addrs.push((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()), port).into()),
                other => panic!("{other} in {name}"),
            }
        }
        Ok(addrs)
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<TcpStream, Failures> {
        <Blocking as Runtime>::race(addrs, options, deadline).await
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut TcpStream,
        talk: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        <Blocking as Runtime>::converse(stream, talk, deadline).await
    }

    fn ends(_: &TcpStream) -> io::Result<Ends> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A SOCKS5 proxy that reports the last byte of each address that it is asked for, and answers with these replies, one a connection.
fn proxy(replies: &'static [&'static [u8]]) -> (Proxy, Receiver<u8>) {
    let (report, asked) = channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::socks5(listener.local_addr().unwrap()).unwrap().resolve(Resolve::Locally);
    thread::spawn(move || {
        for reply in replies {
            let (mut client, _) = listener.accept().unwrap();
            client.read_exact(&mut [0; 3]).unwrap();
            client.write_all(&[5, 0]).unwrap();
            let mut request = [0; 22];
            let n = client.read(&mut request).unwrap();
            report.send(request[n - 3]).unwrap();
            client.write_all(reply).unwrap();
        }
    });
    (proxy, asked)
}

fn connect5(proxy: &Proxy, target: &str) -> Result<SocksStream<TcpStream, V5, Listed>, Error> {
    at_once(connect::<Listed, V5>(proxy, target, &[]))
}

const GRANTED: &[u8] = b"\x05\x00\x00\x01\0\0\0\0\0\0";

#[test]
fn each_address_is_tried_until_one_is_granted() {
    let (proxy, asked) = proxy(&[b"\x05\x05", b"\x05\x06", b"", GRANTED]);
    connect5(&proxy, "v6-v4-v4-v6-v4.test:80").unwrap();
    assert_eq!(asked.iter().take(4).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn the_last_refusal_is_told() {
    let (proxy, _asked) = proxy(&[b"\x05\x02", b"\x05\x04", b"\x05\x05"]);
    let error = connect5(&proxy, "v4-v4-v4.test:80").unwrap_err();
    assert_eq!(error.reply(), Some(Reply::CONNECTION_REFUSED));
}

#[test]
fn what_is_not_about_the_target_ends_it() {
    let (proxy, asked) = proxy(&[b"\x05\x00\x00\x09", GRANTED]);
    let error = connect5(&proxy, "v4-v4.test:80").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
    assert_eq!(asked.try_iter().count(), 1);
}

/// An address that the proxy could not be asked for is no answer.
#[test]
fn a_name_is_resolved_for_its_proxy() {
    for (proxy, expected) in
        [(Proxy::socks4("127.0.0.1:1"), "192.0.2.2"), (Proxy::socks5("127.0.0.1:1"), "2001:db8::1")]
    {
        let connector = crate::Connector::<Listed>::new(proxy.unwrap().resolve(Resolve::Locally));
        let found = at_once(connector.resolve_name("v6-v4.test".try_into().unwrap())).unwrap();
        assert_eq!(found.to_string(), expected);
    }
}

/// The addresses of a hop's name, of which it asks for one after the other, until one is granted. Then the second proxy does not answer.
fn hops(replies: &'static [&'static [u8]], first_bytes: &[u8]) -> (Error, Vec<u8>) {
    let (proxy, asked) = proxy(replies);
    let chain = Chain::from(proxy).then(Proxy::socks5("v4-v4-v4.test:1080").unwrap()).unwrap();
    let connect = Asked::<AnyVersion>::connect(first_bytes);
    let target = Target::try_from("example.com:80").unwrap();
    let walking = walk::<Listed, Plain, _>(chain.hops(), chain.limit(), &Plain, target, connect);
    let error = at_once(walking).map(|reached| reached.established).unwrap_err();
    (error, asked.try_iter().collect())
}

#[test]
fn each_address_of_a_hop_is_tried_too() {
    for first_bytes in [&b""[..], b"first"] {
        let (error, asked) = hops(&[b"\x05\x05", b"", GRANTED], first_bytes);
        assert_eq!((error.hop(), error.stage(), asked), (Some(2), Stage::MethodSelection, vec![1, 2, 3]));
        let (error, asked) = hops(&[b"\x05\x02", b"\x05\x04", b"\x05\x05"], first_bytes);
        assert_eq!((error.hop(), error.reply()), (Some(1), Some(Reply::CONNECTION_REFUSED)));
        assert_eq!(asked, [1, 2, 3]);
    }
}

#[test]
fn socks4_is_asked_for_ipv4_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::socks4(listener.local_addr().unwrap()).unwrap().resolve(Resolve::Locally);
    let request = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = [0; 9];
        client.read_exact(&mut request).unwrap();
        client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).unwrap();
        request
    });
    at_once(connect::<Listed, V4>(&proxy, "v6-v4.test:80", &[])).unwrap();
    assert_eq!(request.join().unwrap(), [4, 1, 0, 80, 192, 0, 2, 2, 0]);

    let error = at_once(connect::<Listed, V4>(&proxy, "v6-v6.test:80", &[])).unwrap_err();
    let ErrorKind::Unresolved { name, .. } = error.kind() else { panic!("{error}") };
    assert_eq!((name.as_str(), error.stage()), ("v6-v6.test", Stage::Resolve));
}

/// A proxy that accepts and says nothing.
fn silent() -> (Proxy, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (Proxy::socks5(listener.local_addr().unwrap()).unwrap().resolve(Resolve::Locally), listener)
}

#[test]
fn one_deadline_covers_all_stages() {
    for (limit, stage) in [(SLOW * 2, Stage::MethodSelection), (SLOW / 2, Stage::Resolve)] {
        let (proxy, _listener) = silent();
        let started = Instant::now();
        let error = connect5(&proxy.timeout(limit), "slow-v4.test:80").unwrap_err();
        let elapsed = started.elapsed();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.stage(), stage);
        assert!(elapsed >= limit && elapsed < limit + SLOW, "{elapsed:?} of {limit:?}");
    }
}

#[test]
fn dialling_has_the_deadline_and_names_the_proxy() {
    let proxy = Proxy::socks5("slow-v4.test:1").unwrap().timeout(Duration::from_millis(50));
    let error = at_once(dial::<Listed>(&proxy)).unwrap_err();
    assert_eq!((error.stage(), error.proxy()), (Stage::Resolve, Some("socks5h://slow-v4.test:1")));
    assert!(error.is_timeout());

    let (proxy, _listener) = silent();
    at_once(dial::<Listed>(&proxy)).unwrap();
}
