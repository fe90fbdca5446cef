//! `probe`: the answers as values, the wrapper, the timeout, and the end of the servers.

#[path = "probe/datagrams.rs"]
mod datagrams;
#[cfg(target_os = "linux")]
#[path = "probe/link_local.rs"]
mod link_local;
#[path = "connector/messages.rs"]
mod messages;
#[path = "probe/reasons.rs"]
mod reasons;
#[path = "connector/scene.rs"]
mod scene;
mod support;

use anysocks::probe::{Defect, Failure, Found, NotTried, Note, Probe, Question, Report, Verdict};
use anysocks::{Address, ErrorKind, Invalid, Proxy, Reply, Stage};
use messages::{PASSWORD, USER};
use scene::{Lonely, invalid, serving};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::case;
use support::masked::Masked;

const GRANTED: [u8; 10] = [5, 0, 0, 1, 192, 0, 2, 7, 48, 57];

/// Reads a message of this length.
fn message<const N: usize>(client: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A SOCKS5 proxy that grants CONNECT and echoes, refuses BIND for this client and UDP ASSOCIATE
/// for all clients. It accepts METHOD 00, and METHOD 02 with any credentials. Records the ports of
/// the targets.
fn proxy(client: &mut (impl Read + Write), ports: &Mutex<Vec<u16>>) -> io::Result<()> {
    proxy_with(client, ports, |_| vec![5, 7, 0, 1, 0, 0, 0, 0, 0, 0])
}

/// The same with another reply to UDP ASSOCIATE, which depends on DST.PORT.
fn proxy_with(
    client: &mut (impl Read + Write),
    ports: &Mutex<Vec<u16>>,
    association: impl Fn(u16) -> Vec<u8>,
) -> io::Result<()> {
    let [5, count] = message(client)? else { return client.write_all(&[0, 91]) };
    let mut methods = vec![0; count.into()];
    client.read_exact(&mut methods)?;
    let selected = methods.into_iter().find(|method| matches!(method, 0 | 2)).unwrap_or(0xFF);
    client.write_all(&[5, selected])?;
    if selected == 2 {
        let [_, len] = message(client)?;
        client.read_exact(&mut vec![0; len.into()])?;
        let [len] = message(client)?;
        client.read_exact(&mut vec![0; len.into()])?;
        client.write_all(&[1, 0])?;
    }
    let [_, command, _, atyp] = message(client)?;
    let len = match atyp {
        1 => 4,
        4 => 16,
        _ => message::<1>(client)?[0],
    };
    client.read_exact(&mut vec![0; len.into()])?;
    let port = u16::from_be_bytes(message(client)?);
    match command {
        1 => ports.lock().expect("the list").push(port),
        2 => return client.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]),
        _ => {
            client.write_all(&association(port))?;
            return client.read(&mut [0]).map(drop);
        }
    }
    client.write_all(&GRANTED)?;
    let mut buf = [0; 64];
    while let n @ 1.. = client.read(&mut buf)? {
        client.write_all(&buf[..n])?;
    }
    Ok(())
}

type Ports = Arc<Mutex<Vec<u16>>>;

fn started() -> (SocketAddr, Ports) {
    let ports = Ports::default();
    let recorded = Arc::clone(&ports);
    // A client closes the connection as soon as it knows enough.
    (serving(move |mut client| drop(proxy(&mut client, &recorded))), ports)
}

fn verdict(report: &Report, question: Question) -> Verdict {
    report.answer(question).expect("an answer").verdict()
}

fn found(report: &Report, question: Question) -> &Found {
    report.answer(question).expect("an answer").outcome.as_ref().expect("a yes")
}

fn failure(report: &Report, question: Question) -> &Failure {
    report.answer(question).expect("an answer").outcome.as_ref().expect_err("no yes")
}

#[test]
fn answers_are_values() {
    use Verdict::{No, NotTried as Skipped, Refused, Yes};
    case::limit_test();
    let (addr, _) = started();
    let report = Probe::new(addr).expect("a proxy").run().expect("a report");
    let expected = [
        (Question::Tcp, Yes),
        (Question::Tls, Skipped),
        (Question::Socks4, Refused),
        (Question::Socks4a, Refused),
        (Question::Socks4Bind, Refused),
        (Question::Greeting, Yes),
        (Question::MethodNone, Yes),
        (Question::MethodGssapi, No),
        (Question::MethodPassword, Yes),
        (Question::Credentials, Skipped),
        (Question::MethodEaf, No),
        (Question::MethodTol, No),
        (Question::MethodAmc, No),
        (Question::Socks5Ipv4, Yes),
        (Question::Socks5Ipv6, Yes),
        (Question::Socks5Name, Yes),
        (Question::Pipelined, Yes),
        (Question::Bind, Refused),
        (Question::Udp, No),
        (Question::UdpIpv4, No),
        (Question::UdpIpv6, No),
        (Question::UdpName, No),
    ];
    assert_eq!(expected.map(|(question, _)| question), *Question::ALL);
    for (answer, (question, verdict)) in report.answers().iter().zip(expected) {
        assert_eq!((answer.question, answer.verdict()), (question, verdict), "{answer:?}");
    }
    let name = found(&report, Question::Socks5Name);
    assert_eq!(name.bound, Some(Address::Ip("192.0.2.7:12345".parse().expect("an address"))));
    assert!(name.round_trip.is_some());
    assert_eq!(found(&report, Question::Greeting).notes, [Note::Preferred(0)]);
    let reply = |question| report.answer(question).expect("an answer").reply();
    assert_eq!(reply(Question::Socks4), Some(Reply::REJECTED));
    assert_eq!(reply(Question::Udp), Some(Reply::COMMAND_NOT_SUPPORTED));
    assert!(matches!(failure(&report, Question::Tls), Failure::NotTried(NotTried::NoWrapper)));
    assert!(report.speaks_socks() && !report.refuses_all_targets() && report.lost_connection().is_none());
    assert_eq!((report.target(), report.addresses()), (None, &[][..]));
    let table = report.to_string();
    assert_eq!(table.lines().count(), 5 + expected.len(), "{table}");
    assert!(table.contains(&format!("proxy: {addr}\ntarget: a server in this process\n\n")), "{table}");
}

/// The other questions send nothing over a connection that is not wrapped.
#[test]
fn a_wrapped_connection() {
    case::limit_test();
    let ports = Ports::default();
    let addr = serving(move |client| drop(proxy(&mut Masked(client), &ports)));
    let url = format!("socks5h+tls://{USER}:{PASSWORD}@{addr}");
    let probe = Probe::new(&url).expect("a proxy").wrapped(|stream, proxy| {
        assert!(proxy.is_some_and(Proxy::is_behind_tls));
        Ok(Masked(stream))
    });
    let report = probe.run().expect("a report");
    for question in [Question::Tcp, Question::Tls, Question::Credentials, Question::Socks5Name] {
        assert_eq!(verdict(&report, question), Verdict::Yes, "{report}");
    }
    for text in [report.to_string(), format!("{report:?}"), format!("{probe:?}")] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    assert!(!report.to_string().contains(USER), "{report}");
}

#[test]
fn a_wrapper_that_fails() {
    case::limit_test();
    let (addr, ports) = started();
    let probe = Probe::new(addr).expect("a proxy");
    let report = probe.wrapped(|_, _| Err::<TcpStream, _>(io::Error::other("no TLS"))).run();
    let report = report.expect("a report");
    assert!(
        matches!(report.lost_connection(), Some(Failure::Wrapper(error)) if error.to_string() == "no TLS")
    );
    let detail = report.answer(Question::Tls).expect("an answer").detail();
    assert_eq!(detail, "TLS handshake failed: no TLS");
    for answer in &report.answers()[2..] {
        let outcome = &answer.outcome;
        assert!(matches!(outcome, Err(Failure::NotTried(NotTried::NoConnection))), "{answer:?}");
    }
    assert!(!report.speaks_socks());
    assert!(ports.lock().expect("the list").is_empty());
}

/// With and without a wrapper, silence is a timeout, and no end of the connection.
#[test]
fn silence() {
    case::limit_test();
    let addr = serving(|mut client| drop(io::copy(&mut client, &mut io::sink())));
    let limit = Duration::from_secs(1);
    let bare = || Probe::new(addr).expect("a proxy").timeout(limit);
    for probe in [bare(), bare().wrapped(|stream, _| Ok(stream))] {
        let report = probe.run().expect("a report");
        for question in [Question::Socks4, Question::Greeting] {
            let answer = report.answer(question).expect("an answer");
            let Err(Failure::Socks(error)) = &answer.outcome else { panic!("{answer:?}") };
            assert!(error.is_timeout(), "{answer:?}");
            assert!(answer.took >= limit, "{answer:?}");
            assert!(answer.detail().ends_with("nothing came back within 1 s"), "{answer:?}");
        }
        assert!(!report.speaks_socks(), "{report}");
    }
}

/// A wrapper that never ends is ended at the timeout.
#[test]
fn a_wrapper_that_waits() {
    case::limit_test();
    let addr = serving(|mut client| drop(io::copy(&mut client, &mut io::sink())));
    let probe = Probe::new(addr).expect("a proxy").timeout(Duration::from_secs(1));
    let report = probe.wrapped(|mut stream, _| message::<1>(&mut stream).map(|_| stream)).run();
    let report = report.expect("a report");
    let lost = report.lost_connection();
    let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    assert!(matches!(lost, Some(Failure::Wrapper(error)) if is_late(error)), "{lost:?}");
}

/// The port of a grant is 0, to which nothing can connect.
#[test]
fn a_useless_grant() {
    case::limit_test();
    let grant = |mut client: TcpStream| {
        let [5, count] = message(&mut client)? else { return Ok(()) };
        client.read_exact(&mut vec![0; count.into()])?;
        client.write_all(&[5, 0])?;
        let _request: [u8; 10] = message(&mut client)?;
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        io::copy(&mut client, &mut io::sink()).map(drop)
    };
    let addr = serving(move |client| drop::<io::Result<()>>(grant(client)));
    let report = Probe::new(addr).expect("a proxy").timeout(Duration::from_secs(1)).run().expect("a report");
    for question in [Question::Bind, Question::Udp] {
        let failure = failure(&report, question);
        assert!(matches!(failure, Failure::Bound(_, Defect::PortZero)), "{failure:?}");
    }
}

#[test]
fn the_servers_end_with_the_run() {
    case::limit_test();
    let (addr, ports) = started();
    Probe::new(addr).expect("a proxy").run().expect("a report");
    let ports = ports.lock().expect("the list").clone();
    assert!(!ports.is_empty());
    let until = Instant::now() + Duration::from_secs(20);
    for port in ports {
        while let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            // The thread has not yet noticed the end, or another process has the port by now.
            let _ = stream.shutdown(Shutdown::Both);
            assert!(Instant::now() < until, "port {port} accepts connections");
            std::thread::yield_now();
        }
    }
}

#[test]
fn mistakes_send_nothing() {
    let (lonely, addr) = Lonely::new();
    let probe = Probe::new(format!("socks5h+tls://{addr}")).expect("a proxy");
    assert_eq!(invalid(probe.run()), Invalid::TlsNotWrapped);
    assert!(matches!(
        invalid(Probe::new(addr).expect("a proxy").target("example.com")),
        Invalid::PortMissing
    ));
    lonely.assert_alone();
}

#[test]
fn a_dead_proxy() {
    let (addr, _bound) = scene::deserted();
    let report = Probe::new(addr).expect("a proxy").run().expect("a report");
    let Some(Failure::Socks(error)) = report.lost_connection() else { panic!("{report:?}") };
    assert_eq!(error.stage(), Stage::Dial);
    assert!(matches!(error.kind(), ErrorKind::Unreachable(_)), "{error:?}");
}

/// A program that pins its traffic to an interface must not send datagrams by another one.
#[test]
fn options_of_sockets_reach_datagrams_too() {
    let addr = serving(|mut client| {
        let mut answer = || -> io::Result<()> {
            let [5, count] = message(&mut client)? else { return Ok(()) };
            client.read_exact(&mut vec![0; count.into()])?;
            client.write_all(&[5, 0])?;
            let mut request = [0; 64];
            let n = client.read(&mut request)?;
            let code = if request[..n].get(1) == Some(&3) { 0 } else { 5 };
            client.write_all(&[5, code, 0, 1, 127, 0, 0, 1, 0, 9])?;
            client.read(&mut [0]).map(drop)
        };
        let _ = answer();
    });
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&kinds);
    let record = move |socket: &socket2::SockRef<'_>| {
        seen.lock().expect("a list").push(socket.r#type()?);
        Ok(())
    };
    let proxy = Proxy::socks5(addr).expect("a proxy").socket(record);
    let report = Probe::new(proxy).expect("a proxy").timeout(Duration::from_secs(2)).run().expect("a report");
    assert_eq!(verdict(&report, Question::Udp), Verdict::Yes);
    let kinds = kinds.lock().expect("a list");
    for kind in [socket2::Type::STREAM, socket2::Type::DGRAM] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}
