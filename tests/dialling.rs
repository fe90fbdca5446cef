//! Reaching a proxy, and giving up in time: over real sockets, on every front end.

#[cfg(target_os = "linux")]
#[path = "dialling/fast_open.rs"]
mod fast_open;
#[cfg(target_os = "linux")]
#[path = "dialling/few_ports.rs"]
mod few_ports;
mod fronts;
#[path = "dialling/strangers.rs"]
mod strangers;
mod support;

use anysocks::{Endpoint, Error, ErrorKind, Invalid, Proxy, Resolve, Stage};
use fronts::{FRONTS, Front};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use support::case::{self, Case};
use support::clock::assert_on_time;

const GRANTED: [u8; 12] = [5, 0, 5, 0, 0, 1, 192, 0, 2, 7, 0x30, 0x39];

/// A proxy on loopback that does the same with each client, on a thread.
fn proxy(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    proxy_at(Ipv4Addr::LOCALHOST.into(), serve)
}

fn proxy_at(ip: std::net::IpAddr, serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    serve_on(TcpListener::bind((ip, 0)).unwrap(), serve)
}

fn serve_on(listener: TcpListener, serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    case::limit_test();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|client| serve(client.unwrap())));
    addr
}

/// Plays a SOCKS5 proxy: reads the greeting and a request, and grants it once `before` has seen
/// it.
fn answer(client: &mut TcpStream, before: impl FnOnce(&[u8])) -> Option<()> {
    let mut greeting = [0; 3];
    client.read_exact(&mut greeting).ok()?;
    client.write_all(&GRANTED[..2]).ok()?;
    let mut request = vec![0; 300];
    let n = client.read(&mut request).ok()?;
    before(&request[..n]);
    client.write_all(&GRANTED[2..]).ok()
}

/// A proxy that reports each request and grants it.
fn granting() -> (SocketAddr, Receiver<Vec<u8>>) {
    granting_at(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
}

fn granting_at(listener: TcpListener) -> (SocketAddr, Receiver<Vec<u8>>) {
    let (report, requests) = channel();
    let addr = serve_on(listener, move |mut client| {
        answer(&mut client, |request| report.send(request.to_vec()).unwrap());
    });
    (addr, requests)
}

/// Runs a check on every front end.
fn everywhere(check: impl Fn(&Front)) {
    assert!(!FRONTS.is_empty());
    for front in FRONTS {
        let _case = Case::new(front.name);
        check(front);
    }
}

/// The same on all of them at once, which then wait for the end of a limit together.
fn at_once(check: impl Fn(&Front) + Sync) {
    case::at_once(FRONTS, |front| front.name.to_owned(), check);
}

/// The connection fails when the time is over, not before and hardly after.
fn assert_late(front: &Front, proxy: &Proxy, stage: Stage, v4: bool) {
    let started = Instant::now();
    let connect = if v4 { front.connect4 } else { front.connect5 };
    let error = connect(proxy, "example.com:80").unwrap_err();
    assert_on_time(started, proxy.limit().unwrap());
    assert_eq!(error.stage(), stage, "{error}");
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn a_proxy_that_says_nothing() {
    let addr = proxy(|client| {
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(5));
            drop(client);
        });
    });
    let limit = Duration::from_secs(1);
    at_once(|front| {
        let proxy = Proxy::socks5(addr).unwrap().timeout(limit);
        assert_late(front, &proxy, Stage::MethodSelection, false);
        let proxy = Proxy::socks4(addr).unwrap().timeout(limit);
        assert_late(front, &proxy, Stage::Request, true);
    });
}

#[test]
fn a_proxy_that_says_a_byte_every_300_ms() {
    let addr = proxy(|mut client| {
        thread::spawn(move || {
            client.write_all(&GRANTED[..2]).unwrap();
            for byte in &GRANTED[2..] {
                thread::sleep(Duration::from_millis(300));
                if client.write_all(&[*byte]).is_err() {
                    return;
                }
            }
        });
    });
    at_once(|front| {
        let proxy = Proxy::socks5(addr).unwrap().timeout(Duration::from_secs(1));
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
    // Bound but not listening, so that no other socket gets the port.
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    bound.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let free = bound.local_addr().unwrap().as_socket().unwrap();
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
    // `localhost` may be ::1 first, which refuses connections.
    let (addr, _requests) = granting();
    everywhere(|front| {
        let proxy = Proxy::socks5(("localhost", addr.port())).unwrap();
        (front.connect5)(&proxy, "example.com:80").unwrap();
    });
}

#[test]
fn every_address_of_a_proxy_is_tried() {
    let (addr, _requests) = granting();
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    bound.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let free = bound.local_addr().unwrap().as_socket().unwrap();
    everywhere(|front| {
        (front.connect5)(&Proxy::socks5([free, addr]).unwrap(), "example.com:80").unwrap();
        let error =
            (front.connect5)(&Proxy::socks5(vec![free, free]).unwrap(), "example.com:80").unwrap_err();
        let ErrorKind::Unreachable(attempts) = error.kind() else { panic!("{error}") };
        assert_eq!(attempts.len(), 2, "{error}");
        assert_eq!(error.proxy(), Some(&*format!("socks5h://{free} or {free}")));
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

/// It can't be dialled, whatever the request.
fn never_dialled(proxy: impl Fn(fn(Endpoint) -> Result<Proxy, Error>) -> Proxy, expected: &Invalid) {
    fn refused<T>(result: Result<T, Error>, expected: &Invalid) {
        let error = result.err().unwrap();
        assert_eq!(error.stage(), Stage::Preparation, "{error}");
        assert!(matches!(error.kind(), ErrorKind::Invalid(invalid) if invalid == expected), "{error}");
    }
    let (v4, v5) = (proxy(Proxy::socks4), proxy(Proxy::socks5));
    everywhere(|front| {
        refused((front.connect4)(&v4, "example.com:80"), expected);
        refused((front.connect5)(&v5, "example.com:80"), expected);
        refused((front.bind4)(&v4, "192.0.2.7:80"), expected);
        refused((front.bind5)(&v5, "192.0.2.7:80"), expected);
        refused((front.associate)(&v5), expected);
    });
    refused(anysocks::blocking::dial(&v5), expected);
    refused(anysocks::blocking::resolve(&v5, "example.com"), expected);
}

#[test]
fn a_proxy_at_an_onion_service() {
    for name in ["hidden.onion:1080", "HIDDEN.Onion.:1080"] {
        never_dialled(|made| made(name.parse().unwrap()).unwrap(), &Invalid::OnionResolvedLocally);
    }
}

/// The system would cut it off there, and connect to another socket.
#[cfg(unix)]
#[test]
fn a_path_with_a_nul() {
    let path = std::env::temp_dir().join(format!("anysocks-nul-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    for tail in ["\0", "\0.other"] {
        let cut_off = std::path::PathBuf::from(format!("{}{tail}", path.display()));
        never_dialled(|made| made(cut_off.clone().into()).unwrap(), &Invalid::PathNul);
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    std::fs::remove_file(&path).unwrap();
}

/// Elsewhere a loopback interface has one address.
#[cfg(target_os = "linux")]
#[test]
fn a_local_address_is_connected_from() {
    let (report, peers) = channel();
    let addr = proxy(move |mut client| {
        report.send(client.peer_addr().unwrap()).unwrap();
        answer(&mut client, |_| ());
    });
    let from = SocketAddr::from(([127, 0, 0, 9], 0));
    everywhere(|front| {
        let proxy = Proxy::socks5(addr).unwrap().local_addr(from);
        (front.connect5)(&proxy, "example.com:80").unwrap();
        assert_eq!(peers.recv().unwrap().ip(), from.ip());
    });
}

#[test]
fn a_local_address_of_the_other_family() {
    let (addr, requests) = granting();
    let from = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 0));
    everywhere(|front| {
        let error = (front.connect5)(&Proxy::socks5(addr).unwrap().local_addr(from), "example.com:80");
        let error = error.unwrap_err();
        assert_eq!(error.stage(), Stage::Dial);
        let ErrorKind::Unreachable(attempts) = error.kind() else { panic!("{error}") };
        assert_eq!((attempts.len(), &attempts[0].address), (1, &addr.to_string()));
        assert_eq!(attempts[0].error.kind(), std::io::ErrorKind::InvalidInput);
        let reason = "the local address ::1 is IPv6 and can't reach an IPv4 address";
        assert!(error.to_string().ends_with(&format!("{addr}: {reason}")), "{error}");
    });
    assert_eq!(requests.try_iter().count(), 0);
}

/// A port that was just left by a connection to one proxy leads to another. No other program uses
/// this address and so the port.
#[cfg(target_os = "linux")]
#[test]
fn a_local_port_is_used_again() {
    let free = TcpListener::bind(("127.0.0.7", 0)).unwrap().local_addr().unwrap();
    everywhere(|front| {
        for _ in 0..3 {
            let (addr, _requests) = granting();
            (front.connect5)(&Proxy::socks5(addr).unwrap().local_addr(free), "example.com:80").unwrap();
        }
    });
}

#[cfg(unix)]
#[test]
fn a_unix_domain_socket() {
    let path = std::env::temp_dir().join(format!("anysocks-dialling-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            answer(&mut TcpStream::from(std::os::fd::OwnedFd::from(client.unwrap())), |_| ());
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

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_unix_domain_socket() {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("anysocks\0dialling {}", std::process::id());
    let addr = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let listener = std::os::unix::net::UnixListener::bind_addr(&addr).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            answer(&mut TcpStream::from(std::os::fd::OwnedFd::from(client.unwrap())), |_| ());
        }
    });
    let made = Proxy::socks5(std::path::PathBuf::from(format!("\0{name}"))).unwrap();
    let read: Proxy =
        format!("socks5h+unix://%00{}", name.replace(' ', "%20").replace('\0', "%00")).parse().unwrap();
    assert_eq!((made.endpoint(), made.to_string()), (read.endpoint(), read.to_string()));
    everywhere(|front| {
        (front.connect5)(&made, "example.com:80").unwrap();
        (front.connect5)(&read, "example.com:80").unwrap();
    });
    everywhere(|front| {
        let nobody = Proxy::socks5(std::path::PathBuf::from("\0anysocks: nobody")).unwrap();
        let error = (front.connect5)(&nobody, "example.com:80").unwrap_err();
        let ErrorKind::Unreachable(attempts) = error.kind() else { panic!("{error}") };
        assert_eq!(attempts[0].address, r"\0anysocks: nobody");
    });
}

#[test]
fn names_go_to_the_proxy_unless_asked_otherwise() {
    let (addr, requests) = granting();
    everywhere(|front| {
        (front.connect5)(&Proxy::socks5(addr).unwrap(), "localhost:80").unwrap();
        assert_eq!(requests.recv().unwrap(), b"\x05\x01\x00\x03\x09localhost\x00\x50");
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

#[test]
fn options_of_the_socket() {
    let (addr, _requests) = granting();
    let options = |proxy: Proxy| {
        let stream = anysocks::blocking::dial(&proxy).unwrap();
        let socket = socket2::SockRef::from(&stream);
        // Windows does not report whether a socket is blocking.
        #[cfg(unix)]
        assert!(!socket.nonblocking().unwrap());
        (socket.tcp_nodelay().unwrap(), socket.keepalive().unwrap())
    };
    let proxy = Proxy::socks5(addr).unwrap();
    assert_eq!(options(proxy.clone()), (true, false));
    // The least that the system takes is a second.
    let kept = proxy.nodelay(false).keepalive(Duration::from_millis(1));
    assert_eq!(options(kept), (false, true));
}

/// What the system would refuse is set to the nearest that it takes.
#[test]
fn any_keepalive() {
    let (addr, _requests) = granting();
    for (asked, seconds) in [
        (Duration::ZERO, 1),
        (Duration::from_millis(1), 1),
        (Duration::from_millis(1999), 1),
        (Duration::from_secs(7200), 7200),
        (Duration::from_secs(32_767), 32_767),
        (Duration::from_secs(32_768), 32_767),
        (Duration::from_secs(1 << 31), 32_767),
        (Duration::MAX, 32_767),
    ] {
        let stream = anysocks::blocking::dial(Proxy::socks5(addr).unwrap().keepalive(asked)).unwrap();
        assert!(socket2::SockRef::from(&stream).keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(rustix::net::sockopt::tcp_keepidle(&stream).unwrap().as_secs(), seconds, "{asked:?}");
        // Not every other system can report it.
        let _ = seconds;
    }
}
