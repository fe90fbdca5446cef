//! Reaching a proxy, and giving up in time: over real sockets, on every front end.

mod fronts;

use anysocks::{ErrorKind, Proxy, Reply, Resolve, Stage};
use fronts::{FRONTS, Front};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const GRANTED: [u8; 12] = [5, 0, 5, 0, 0, 1, 192, 0, 2, 7, 0x30, 0x39];
/// How late a deadline may be noticed on a machine that has other work.
const TOLERANCE: Duration = Duration::from_millis(80);

/// A proxy on loopback that does the same with each client, on a thread.
fn proxy(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    proxy_at(Ipv4Addr::LOCALHOST.into(), serve)
}

fn proxy_at(ip: std::net::IpAddr, serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|client| serve(client.unwrap())));
    addr
}

/// Plays a SOCKS5 proxy: takes the greeting and a request, reports the request, and answers with this code.
fn answer(client: &mut TcpStream, code: u8) -> Option<Vec<u8>> {
    let mut greeting = [0; 3];
    client.read_exact(&mut greeting).ok()?;
    client.write_all(&GRANTED[..2]).ok()?;
    let mut request = vec![0; 300];
    let n = client.read(&mut request).ok()?;
    request.truncate(n);
    let mut reply = GRANTED[2..].to_vec();
    reply[1] = code;
    client.write_all(&reply).ok()?;
    Some(request)
}

/// A proxy that reports each request, and answers the first with these codes, all others with a grant.
fn refusing(codes: &'static [u8]) -> (SocketAddr, Receiver<Vec<u8>>) {
    let (report, requests) = channel();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let addr = proxy(move |mut client| {
        let nth = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if let Some(request) = answer(&mut client, codes.get(nth).copied().unwrap_or(0)) {
            report.send(request).unwrap();
        }
    });
    (addr, requests)
}

/// Runs a check on every front end.
fn everywhere(check: impl Fn(&Front)) {
    assert!(!FRONTS.is_empty());
    for front in FRONTS {
        println!("{}", front.name);
        check(front);
    }
}

/// The connection fails when the time is over, not before and hardly after.
fn assert_late(front: &Front, proxy: &Proxy, stage: Stage, v4: bool) {
    let started = Instant::now();
    let connect = if v4 { front.connect4 } else { front.connect5 };
    let error = connect(proxy, "example.com:80").unwrap_err();
    let elapsed = started.elapsed();
    assert_eq!(error.stage(), stage, "{error}");
    assert!(error.is_timeout(), "{error}");
    let limit = proxy.limit().unwrap();
    assert!(elapsed >= limit && elapsed < limit + TOLERANCE, "{elapsed:?} of {limit:?}: {error}");
}

#[test]
fn a_proxy_that_says_nothing() {
    let addr = proxy(|client| {
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(5));
            drop(client);
        });
    });
    let limit = Duration::from_millis(300);
    everywhere(|front| {
        let proxy = Proxy::socks5(addr).unwrap().timeout(limit);
        assert_late(front, &proxy, Stage::MethodSelection, false);
        let proxy = Proxy::socks4(addr).unwrap().timeout(limit);
        assert_late(front, &proxy, Stage::Request, true);
    });
}

#[test]
fn a_proxy_that_says_a_byte_every_100_ms() {
    let addr = proxy(|mut client| {
        thread::spawn(move || {
            for byte in GRANTED {
                thread::sleep(Duration::from_millis(100));
                if client.write_all(&[byte]).is_err() {
                    return;
                }
            }
        });
    });
    everywhere(|front| {
        let proxy = Proxy::socks5(addr).unwrap().timeout(Duration::from_millis(450));
        assert_late(front, &proxy, Stage::Request, false);
    });
}

#[test]
fn without_a_limit_slow_is_fine() {
    let addr = proxy(|mut client| {
        for byte in GRANTED {
            thread::sleep(Duration::from_millis(10));
            client.write_all(&[byte]).unwrap();
        }
        // What is unread when a socket closes would reset the connection.
        let _ = client.read(&mut [0; 300]);
    });
    everywhere(|front| {
        let proxy = Proxy::socks5(addr).unwrap().timeout(None);
        (front.connect5)(&proxy, "example.com:80").unwrap();
        let proxy = Proxy::socks5(addr).unwrap().timeout(Duration::MAX);
        (front.connect5)(&proxy, "example.com:80").unwrap();
    });
}

#[test]
fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    everywhere(|front| {
        let error = (front.connect5)(&Proxy::socks5(free).unwrap(), "example.com:80").unwrap_err();
        assert_eq!(error.stage(), Stage::Dial);
        let ErrorKind::Unreachable(attempts) = error.kind() else { panic!("{error}") };
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].address, free.to_string());
        assert_eq!(attempts[0].error.kind(), std::io::ErrorKind::ConnectionRefused);
        assert_eq!(error.proxy(), Some(&*format!("socks5h://{free}")));
    });
}

#[test]
fn every_address_of_the_name_is_tried() {
    // `localhost` may be ::1 first, where nobody listens.
    let (addr, _requests) = refusing(&[]);
    everywhere(|front| {
        let proxy = Proxy::socks5(("localhost", addr.port())).unwrap();
        (front.connect5)(&proxy, "example.com:80").unwrap();
    });
}

#[test]
fn a_name_that_is_not() {
    everywhere(|front| {
        let proxy = Proxy::socks5("nonexistent.invalid:1080").unwrap();
        let error = (front.connect5)(&proxy, "example.com:80").unwrap_err();
        assert_eq!(error.stage(), Stage::Resolve, "{error}");
    });
}

#[test]
fn a_local_address_is_connected_from() {
    let (report, peers) = channel();
    let addr = proxy(move |mut client| {
        report.send(client.peer_addr().unwrap()).unwrap();
        answer(&mut client, 0);
    });
    let from = SocketAddr::from(([127, 0, 0, 9], 0));
    everywhere(|front| {
        let proxy = Proxy::socks5(addr).unwrap().local_addr(from).keepalive(Duration::from_secs(60));
        (front.connect5)(&proxy, "example.com:80").unwrap();
        assert_eq!(peers.recv().unwrap().ip(), from.ip());
    });
}

#[cfg(unix)]
#[test]
fn a_unix_domain_socket() {
    let path = std::env::temp_dir().join(format!("anysocks-dialling-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            answer(&mut TcpStream::from(std::os::fd::OwnedFd::from(client.unwrap())), 0);
        }
    });
    everywhere(|front| {
        (front.connect5)(&Proxy::socks5(&*path).unwrap(), "example.com:80").unwrap();
        let url = format!("socks5h+unix://{}", path.display());
        (front.connect5)(&url.parse().unwrap(), "example.com:80").unwrap();
    });
    std::fs::remove_file(&path).unwrap();
    everywhere(|front| {
        let error = (front.connect5)(&Proxy::socks5(&*path).unwrap(), "example.com:80").unwrap_err();
        let ErrorKind::Unreachable(attempts) = error.kind() else { panic!("{error}") };
        assert_eq!(attempts[0].address, path.display().to_string());
    });
}

#[test]
fn names_go_to_the_proxy_unless_asked_otherwise() {
    let (addr, requests) = refusing(&[]);
    everywhere(|front| {
        (front.connect5)(&Proxy::socks5(addr).unwrap(), "localhost:80").unwrap();
        assert_eq!(requests.recv().unwrap(), b"\x05\x01\x00\x03\x09localhost\x00\x50");
    });
}

#[test]
fn local_resolution_tries_each_address_until_one_is_granted() {
    let addrs: Vec<_> = ("localhost", 80).to_socket_addrs().unwrap().collect();
    everywhere(|front| {
        let (addr, requests) = refusing(&[5]);
        let proxy = Proxy::socks5(addr).unwrap().resolve(Resolve::Locally);
        let outcome = (front.connect5)(&proxy, "localhost:80");
        assert_eq!(outcome.is_ok(), addrs.len() > 1, "the first is refused, a second granted");
        let asked: Vec<_> = requests.try_iter().map(|request| request[3]).collect();
        let atyps: Vec<u8> = addrs.iter().map(|addr| if addr.is_ipv4() { 1 } else { 4 }).collect();
        assert_eq!(asked, atyps[..atyps.len().min(2)]);
    });
}

#[test]
fn local_resolution_ends_with_the_last_refusal() {
    everywhere(|front| {
        let (addr, _requests) = refusing(&[2, 2, 2, 2, 2, 2, 2, 2]);
        let proxy = Proxy::socks5(addr).unwrap().resolve(Resolve::Locally);
        let error = (front.connect5)(&proxy, "localhost:80").unwrap_err();
        assert_eq!(error.reply(), Some(Reply::NOT_ALLOWED));
    });
}

#[test]
fn local_resolution_for_socks4_takes_ipv4_alone() {
    let (report, requests) = channel();
    let addr = proxy(move |mut client| {
        let mut request = [0; 9];
        client.read_exact(&mut request).unwrap();
        report.send(request).unwrap();
        client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).unwrap();
    });
    everywhere(|front| {
        let proxy = Proxy::socks4(addr).unwrap().resolve(Resolve::Locally);
        (front.connect4)(&proxy, "localhost:80").unwrap();
        assert_eq!(requests.recv().unwrap(), [4, 1, 0, 80, 127, 0, 0, 1, 0]);
    });
}
