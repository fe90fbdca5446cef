//! Early data after the request, before the reply: on every front end.

mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::{Auth, Chain, Credentials, ErrorKind, Invalid, Proxy, Reply, Stage};
use messages::{PASSWORD, Speaks, USER, subnegotiation};
use scene::{BEHIND, Lonely, TARGET, behind, chain, dialogue, error, invalid, serving};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::case::Case;
use support::clock::assert_on_time;
#[cfg(target_os = "linux")]
use support::in_namespace;
use support::script::{Line, Manner, Script, Stall, client, proxy};
use support::server::Server;
use support::toy;
use ways::hooks::Does;
use ways::{at_once, everywhere};

const FIRST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const BANNER: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// Bytes in which what was lost, repeated or moved would show.
fn large() -> Vec<u8> {
    (0..65_536_u32).flat_map(|at| [(at ^ (at >> 8)).to_le_bytes()[0]]).collect()
}

/// The dialogue with these bytes behind the client's last message.
fn with(mut lines: Vec<Line>, early_data: &[u8]) -> Vec<Line> {
    let last = lines.iter_mut().rev().find_map(|line| match line {
        Line::Client(message) => Some(message),
        Line::Proxy(..) => None,
    });
    last.expect("a message of the client's").extend(early_data);
    lines
}

/// Proxies, and the messages to them without early data.
fn cases(addr: SocketAddr) -> Vec<(Chain, Vec<Line>)> {
    let own = |kind: Speaks| (kind.at(addr).into(), kind.connection(TARGET));
    let request = Speaks::Socks5.request(1, TARGET);
    let granted = Speaks::Socks5.granted(messages::BOUND);
    let only =
        |auth: Auth| Speaks::Socks5.at(addr).auth(auth.pipelined(true)).expect("a SOCKS5 proxy").into();
    let none = vec![
        client([&[5, 1, 0], &request[..]].concat()),
        proxy(Stage::MethodSelection, [5, 0]),
        proxy(Stage::Request, granted.clone()),
    ];
    let password = vec![
        client([&[5, 1, 2], &subnegotiation(USER, PASSWORD)[..], &request].concat()),
        proxy(Stage::MethodSelection, [5, 2]),
        proxy(Stage::Authentication, [1, 0]),
        proxy(Stage::Request, granted),
    ];
    let credentials = Credentials::new(USER, PASSWORD).expect("credentials");
    let mut cases = Vec::from(Speaks::ALL.map(own));
    cases.push((only(Auth::none()), none));
    cases.push((only(Auth::password_only(credentials)), password));
    for kinds in scene::mixtures() {
        cases.push((behind(addr, &kinds), dialogue(&kinds, TARGET)));
    }
    cases
}

#[test]
fn they_leave_in_one_write_with_the_last_request() {
    // The proxy is dialled, but the bytes go to a script, which requires each message in one call.
    let addr = serving(drop);
    for (chain, lines) in cases(addr) {
        let messages = lines.iter().filter(|line| matches!(line, Line::Client(_))).count();
        for first in [FIRST, b"x", b"", &large()] {
            let lines = with(lines.clone(), first);
            everywhere(|way| {
                let _case = Case::new(format!("{chain}, {} bytes", first.len()));
                let script = Script::new(&lines, BANNER, Manner::default());
                (way.over)(chain.clone(), script.clone(), TARGET, first).expect("a tunnel");
                let state = script.state();
                assert_eq!((state.writes, &*state.beyond), (messages, &b""[..]));
                assert_eq!(state.unread(), BANNER);
            });
        }
    }
}

/// Bytes that the write does not accept are sent once the request is granted.
#[test]
fn however_little_a_write_takes() {
    let addr = serving(drop);
    let crumbs = Manner { crumbs: true, early: true, ..Manner::default() };
    let manners = [
        crumbs,
        Manner { stall: Some(Stall::Interrupted), ..crumbs },
        Manner { buffered: true, ..crumbs },
        Manner { buffered: true, ..Manner::default() },
    ];
    for (chain, lines) in cases(addr) {
        let later = [lines.clone(), vec![client(FIRST)]].concat();
        let together = with(lines, FIRST);
        everywhere(|way| {
            for manner in manners {
                let _case = Case::new(format!("{chain}: {manner:?}"));
                let lines = if manner.crumbs { &later } else { &together };
                let script = Script::new(lines, BANNER, manner);
                (way.over)(chain.clone(), script.clone(), TARGET, FIRST).expect("a tunnel");
                let state = script.state();
                assert_eq!(state.accepted(), said(lines));
                assert_eq!(state.unread(), BANNER);
                assert!(state.is_flushed() && state.beyond.is_empty());
            }
        });
    }
}

/// The bytes of the client.
fn said(lines: &[Line]) -> usize {
    let bytes = |line: &Line| if let Line::Client(bytes) = line { bytes.len() } else { 0 };
    lines.iter().map(bytes).sum()
}

/// Without a proxy there is no reply to wait for, and no later flush.
#[test]
fn they_do_not_stay_in_a_buffer() {
    let addr = serving(drop).to_string();
    everywhere(|way| {
        for buffered in [false, true] {
            let script = Script::new(
                &[client(FIRST), proxy(Stage::Direct, BANNER)],
                b"",
                Manner { buffered, ..Manner::default() },
            );
            (way.over_nothing)(script.clone(), &addr, FIRST).expect("a connection");
            let state = script.state();
            assert!(state.is_flushed());
            assert_eq!((state.accepted(), state.unread()), (FIRST.len(), BANNER));
        }
    });
}

#[test]
fn over_a_socket() {
    for first in [FIRST.to_vec(), large()] {
        for kind in Speaks::ALL {
            everywhere(|way| {
                let _case = Case::new(format!("{kind:?}, {} bytes", first.len()));
                let lines = [kind.connection(TARGET), vec![client(&*first)]].concat();
                let connect = if kind == Speaks::Socks4 { way.connect4_with } else { way.connect5_with };
                for through in [false, true] {
                    let server = Server::start(lines.clone(), support::server::echo);
                    let at = kind.at(server.addr);
                    let opened = if through {
                        (way.new)(at.into()).connect_with_early_data(TARGET, &first)
                    } else {
                        connect(&at, TARGET, &first)
                    };
                    scene::assert_echo(opened.expect("a tunnel").1, b"");
                    server.join();
                }
            });
        }
    }
}

/// Bytes that the socket does not accept at once are sent after the reply. The proxy need not have
/// read the others before.
///
/// This test once seemed to hang on a machine so busy that the kernel had shrunk the receive
/// buffers. A buffer of 2,304 bytes has windows of 573 bytes, less than a segment. The sender then
/// sends a segment only when its persist timer expires. A plain socket stalls in the same way. The
/// watchdog's list of sockets shows such windows.
#[test]
fn more_than_a_socket_takes_at_once() {
    let first = large().repeat(64);
    let lines = Speaks::Socks5.connection(TARGET);
    everywhere(|way| {
        let (expected, lines) = (first.clone(), lines.clone());
        let server = Server::start(lines, move |mut client| {
            let mut heard = vec![0; expected.len()];
            client.read_exact(&mut heard).expect("the first bytes");
            assert!(heard == expected, "they come as they were");
            support::server::echo(client);
        });
        let (_, stream) = (way.connect5_with)(&server.proxy(), TARGET, &first).expect("a tunnel");
        scene::assert_echo(stream, b"");
        server.join();
    });
}

/// A target that answers before it has read the early data, with more than fits the buffers.
#[test]
fn both_sides_block_until_the_timeout() {
    let limit = Duration::from_secs(1);
    let much = large().repeat(512);
    let addr = serving(|mut client| {
        scene::play(&mut client, &Speaks::Socks5.connection(TARGET)).expect("a client that knows its part");
        // Until the client closes the connection.
        while client.write_all(&large()).is_ok() {}
    });
    at_once(|way| {
        for through in [false, true] {
            let proxy = Speaks::Socks5.at(addr).timeout(limit);
            let started = Instant::now();
            let failed = error(if through {
                (way.new)(proxy.into()).connect_with_early_data(TARGET, &much)
            } else {
                (way.connect5_with)(&proxy, TARGET, &much)
            });
            assert_on_time(started, limit);
            assert_eq!((failed.stage(), failed.is_timeout()), (Stage::Request, true), "{failed:?}");
        }
    });
}

/// The proxy has refused and closed the connection: the refusal is the error, wherever the write
/// fails.
#[test]
fn broken_at_every_byte() {
    let addr = serving(drop);
    let glued = Manner { glued: true, ..Manner::default() };
    let kinds = [&Speaks::ALL.map(|kind| vec![kind])[..], &[vec![Speaks::Socks4, Speaks::Password]]].concat();
    for kinds in kinds {
        let granted = with(dialogue(&kinds, TARGET), FIRST);
        let mut refused = granted.clone();
        let last = kinds[kinds.len() - 1];
        refused[granted.len() - 1] = proxy(Stage::Request, last.refused());
        // If a write to the first proxy fails, the last gets no request.
        let before = said(&dialogue(&kinds, TARGET)) - said(&last.connection(TARGET));
        for (lines, reply) in [(refused, true), (granted, false)] {
            everywhere(|way| {
                for broken in before..said(&lines) {
                    let _case = Case::new(format!("{kinds:?}, refused: {reply}, after {broken} bytes"));
                    let script = Script::new(&lines, BANNER, Manner { broken: Some(broken), ..glued });
                    let opened = (way.over)(behind(addr, &kinds), script.clone(), TARGET, FIRST);
                    let failed = error(opened);
                    assert_eq!(failed.reply().is_some(), reply, "{failed:?}");
                    assert!(reply || matches!(failed.kind(), ErrorKind::Io(_)), "{failed:?}");
                    assert!(script.state().unread().ends_with(BANNER));
                }
            });
        }
    }
}

/// A proxy that refuses closes the connection with unread bytes. Its reply is read all the same.
#[test]
fn a_refusal_of_one_who_reads_no_more() {
    let refusing = |kind: Speaks| {
        serving(move |mut client| {
            let _ = scene::play(&mut client, &kind.lines(1, TARGET, kind.refused()));
        })
    };
    for kind in Speaks::ALL {
        let addr = refusing(kind);
        everywhere(|way| {
            for blocks in [1, 16, 128] {
                let _case = Case::new(format!("{kind:?}, {blocks} times 64 KiB"));
                let connect = if kind == Speaks::Socks4 { way.connect4_with } else { way.connect5_with };
                let failed = error(connect(&kind.at(addr), TARGET, &large().repeat(blocks)));
                assert!(failed.reply().is_some(), "{failed:?}");
            }
        });
    }
}

/// A proxy that refuses, reads no more and keeps the connection open. The buffers are too small
/// for the early data.
#[test]
fn a_refusal_of_one_who_keeps_the_connection() {
    let first = large();
    for kind in Speaks::ALL {
        let addr = keeping(kind, kind.refused(), |_| ());
        everywhere(|way| {
            for does in [|| Does::Shrink, || Does::ShrinkAndKeep] {
                let _case =
                    Case::new(format!("{kind:?}, {}", if let Does::Shrink = does() { "" } else { "kept" }));
                let one = (way.wrapped)(kind.at(addr).into(), Box::new(move |_| does()));
                let failed = error(one.connect_with_early_data(TARGET, &first));
                assert_eq!((failed.stage(), failed.reply().is_some()), (Stage::Request, true), "{failed:?}");
            }
        });
    }
}

/// The same with small buffers on every socket, also in a chain.
#[cfg(target_os = "linux")]
#[test]
fn a_refusal_where_buffers_are_small() {
    const PREPARE: &str = "ip link set lo up mtu 1500 && echo '4608 4608 4608' >/proc/sys/net/ipv4/tcp_wmem";
    if !in_namespace::is_inside("a_refusal_where_buffers_are_small", PREPARE) {
        return;
    }
    let first = large();
    for kinds in [vec![Speaks::Password], vec![Speaks::Socks4, Speaks::Socks5], vec![Speaks::Socks5; 3]] {
        let (last, before) = kinds.split_last().expect("a proxy");
        let mut lines: Vec<_> =
            before.iter().zip(BEHIND).flat_map(|(kind, next)| kind.connection(next)).collect();
        lines.extend(last.lines(1, TARGET, last.refused()));
        let addr = keeping_after(lines, |_| ());
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let failed = error((way.new)(behind(addr, &kinds)).connect_with_early_data(TARGET, &first));
            assert!(failed.reply().is_some(), "{failed:?}");
        });
    }
}

/// The same proxy grants the request: the rest of the early data follows.
#[test]
fn a_grant_of_one_who_reads_slowly() {
    let first = large();
    for kind in Speaks::ALL {
        let expected = first.clone();
        let addr = keeping(kind, kind.granted(messages::BOUND), move |client| {
            let mut heard = vec![0; expected.len()];
            client.read_exact(&mut heard).expect("the first bytes");
            assert!(heard == expected, "they come as they were");
            client.write_all(BANNER).expect("a client that listens");
        });
        everywhere(|way| {
            for does in [|| Does::Shrink, || Does::ShrinkAndKeep] {
                let one = (way.wrapped)(kind.at(addr).into(), Box::new(move |_| does()));
                let (_, mut stream) = one.connect_with_early_data(TARGET, &first).expect("a tunnel");
                let mut banner = vec![0; BANNER.len()];
                stream.read_exact(&mut banner).expect("an answer to all of them");
                assert_eq!(banner, BANNER);
            }
        });
    }
}

/// A proxy with a small buffer that reads only the request before it replies, and keeps the
/// connection open.
fn keeping(
    kind: Speaks,
    reply: Vec<u8>,
    then: impl Fn(&mut TcpStream) + Clone + Send + 'static,
) -> SocketAddr {
    keeping_after(kind.lines(1, TARGET, reply), then)
}

fn keeping_after(lines: Vec<Line>, then: impl Fn(&mut TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.set_recv_buffer_size(4096).expect("a small buffer");
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    listener.listen(64).expect("a listener");
    let kept = Arc::new(Mutex::new(Vec::new()));
    scene::serving_on(listener.into(), move |mut client| {
        scene::play(&mut client, &lines).expect("a client that knows its part");
        then(&mut client);
        kept.lock().expect("no panic before").push(client);
    })
}

#[test]
fn a_refusal_is_one() {
    let (first, kinds) = (large(), Speaks::ALL);
    for kind in kinds {
        everywhere(|way| {
            let lines = with(kind.lines(1, TARGET, kind.refused()), &first);
            let server = Server::start(lines, |_| ());
            let at = kind.at(server.addr);
            let connect = if kind == Speaks::Socks4 { way.connect4_with } else { way.connect5_with };
            let failed = error(connect(&at, TARGET, &first));
            let refusal = kind.refusal();
            assert_eq!((failed.stage(), failed.reply()), (Stage::Request, Some(refusal)), "{failed:?}");
            assert_eq!(failed.proxy(), Some(&*at.to_string()));
            server.join();
        });
    }
    // Only the last proxy receives the early data. If it is not reached, no proxy does.
    everywhere(|way| {
        let lines = Speaks::Socks4.lines(1, BEHIND[0], Speaks::Socks4.refused());
        let server = Server::start(lines, |mut client| {
            let mut more = Vec::new();
            client.read_to_end(&mut more).expect("the end");
            more
        });
        let connector = (way.new)(behind(server.addr, &[Speaks::Socks4, Speaks::Socks5]));
        let failed = error(connector.connect_with_early_data(TARGET, &first));
        assert_eq!((failed.hop(), failed.reply()), (Some(1), Some(Reply::V4(91))));
        assert!(server.join().is_empty());
    });
}

#[test]
fn a_wrong_password_keeps_them_here() {
    let lines = [
        client([5, 2, 0, 2]),
        proxy(Stage::MethodSelection, [5, 2]),
        client(subnegotiation(USER, PASSWORD)),
        proxy(Stage::Authentication, [1, 1]),
    ];
    everywhere(|way| {
        let server = Server::start(lines.to_vec(), |mut client| {
            let mut more = Vec::new();
            client.read_to_end(&mut more).expect("the end");
            more
        });
        let failed = error((way.connect5_with)(&Speaks::Password.at(server.addr), TARGET, FIRST));
        assert!(matches!(failed.kind(), ErrorKind::PasswordRefused(1)), "{failed:?}");
        assert!(server.join().is_empty());
    });
}

#[test]
fn not_with_a_method_of_ones_own() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let own = |auth: Auth| Proxy::socks5(addr).expect("a proxy").auth(auth).expect("a SOCKS5 proxy");
        let either = Auth::none().or(toy::auth()).expect("two methods");
        for proxy in [own(toy::auth()), own(either)] {
            assert_eq!(
                invalid((way.connect5_with)(&proxy, TARGET, FIRST)),
                Invalid::EarlyDataWithCustomMethod
            );
            let one = (way.new)(proxy.clone().into());
            assert_eq!(
                invalid(one.connect_with_early_data(TARGET, FIRST)),
                Invalid::EarlyDataWithCustomMethod
            );
            let last = (way.new)(chain([Speaks::Socks5.at(addr), proxy]));
            assert_eq!(
                invalid(last.connect_with_early_data(TARGET, FIRST)),
                Invalid::EarlyDataWithCustomMethod
            );
        }
        lonely.assert_alone();
    });
}

#[test]
fn a_method_of_ones_own_before_the_last_or_without_them() {
    let request = Speaks::Socks5.request(1, BEHIND[0]);
    let granted = Speaks::Socks5.granted(messages::BOUND);
    let first = toy::connection(toy::Level::Bare, &request, &granted);
    let lines = [first, with(Speaks::Socks5.connection(TARGET), FIRST)].concat();
    everywhere(|way| {
        let server = Server::start(lines.clone(), support::server::echo);
        let second = Speaks::Socks5.at(BEHIND[0].parse::<SocketAddr>().expect("an address"));
        let hops = chain([server.proxy().auth(toy::auth()).expect("a SOCKS5 proxy"), second]);
        let (_, stream) = (way.new)(hops).connect_with_early_data(TARGET, FIRST).expect("a tunnel");
        scene::assert_echo(stream, b"");
        server.join();

        let request = Speaks::Socks5.request(1, TARGET);
        let lines = toy::connection(toy::Level::Framed, &request, &granted);
        let server = Server::start(lines, support::server::echo);
        let proxy = server.proxy().auth(toy::auth()).expect("a SOCKS5 proxy");
        let (_, stream) = (way.connect5_with)(&proxy, TARGET, b"").expect("a tunnel");
        scene::assert_echo(stream, b"");
        server.join();
    });
}

/// A proxy that closes the connection may have forwarded the early data: no other address gets
/// them.
#[test]
fn another_address_hears_them_only_after_a_refusal() {
    let granted_or_not: [&[u8]; 3] = [b"", b"\x05", b"\x05\x00\x00\x01"];
    for reply in granted_or_not {
        let (report, heard) = std::sync::mpsc::channel();
        let addr = serving(move |mut client| {
            scene::play(&mut client, &Speaks::Socks5.greeting()).expect("a client that knows its part");
            let n = client.read(&mut [0; 300]).expect("a request");
            report.send(n).expect("a test that goes on");
            client.write_all(reply).expect("a client that listens");
        });
        everywhere(|way| {
            let proxy = Speaks::Socks5.at(addr).resolve(anysocks::Resolve::Locally);
            for chain in [false, true] {
                let failed = error(if chain {
                    (way.new)(proxy.clone().into()).connect_with_early_data("localhost:80", FIRST)
                } else {
                    (way.connect5_with)(&proxy, "localhost:80", FIRST)
                });
                assert_eq!(failed.stage(), Stage::Request, "{failed:?}");
                assert_eq!(heard.try_iter().count(), 1, "{reply:?}");
            }
        });
    }
}

#[test]
fn each_address_that_is_refused_hears_them() {
    let expected: Vec<_> =
        std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 80)).expect("a resolver").collect();
    let (report, heard) = std::sync::mpsc::channel();
    let addr = serving(move |mut client| {
        scene::play(&mut client, &Speaks::Socks5.greeting()).expect("a client that knows its part");
        let mut bytes = vec![0; 300];
        let n = client.read(&mut bytes).expect("a request");
        report.send(bytes[..n].to_vec()).expect("a test that goes on");
        client.write_all(&Speaks::Socks5.refused()).expect("a client that listens");
    });
    everywhere(|way| {
        let proxy = Speaks::Socks5.at(addr).resolve(anysocks::Resolve::Locally);
        let failed = error((way.connect5_with)(&proxy, "localhost:80", FIRST));
        assert_eq!(failed.reply(), Some(Reply::V5(4)));
        let with_first = |addr: &SocketAddr| [&*Speaks::Socks5.request(1, &addr.to_string()), FIRST].concat();
        let expected: Vec<_> = expected.iter().map(with_first).collect();
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), expected);
    });
}
