//! The reasons that are no answer about targets: this machine, the client, and a dead tunnel.

use crate::messages::{PASSWORD, USER};
use crate::scene::{deserted, serving};
use crate::support::case;
use crate::support::methods::preparing;
use crate::{GRANTED, failure, message, proxy_with, started, verdict};
use anysocks::probe::{Failure, Probe, Question, Report, Verdict};
use anysocks::{ErrorKind, Proxy};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

const REQUESTS: [Question; 9] = [
    Question::Socks5Ipv4,
    Question::Socks5Ipv6,
    Question::Socks5Name,
    Question::Pipelined,
    Question::Bind,
    Question::Udp,
    Question::UdpIpv4,
    Question::UdpIpv6,
    Question::UdpName,
];

fn report(proxy: Proxy) -> Report {
    case::limit_test();
    Probe::new(proxy).expect("a proxy").run().expect("a report")
}

/// The target stays in this process: the proxy has not refused it.
fn assert_no_other_target(report: &Report) {
    assert!(!report.refuses_all_targets(), "{report}");
    assert_eq!(report.target(), None, "{report}");
}

/// As without a ticket. Nothing is sent.
#[test]
fn a_method_that_can_not_be_prepared() {
    let (addr, ports) = started();
    let auth = preparing::failing(0x90, io::ErrorKind::NotFound);
    let report = report(Proxy::socks5(addr).expect("a proxy").auth(auth).expect("SOCKS5"));
    for question in REQUESTS {
        assert_eq!(verdict(&report, question), Verdict::NotTried, "{report}");
        let detail = report.answer(question).expect("an answer").detail();
        assert!(detail.contains("preparation failed: no ticket"), "{detail}");
    }
    assert_no_other_target(&report);
    assert!(report.speaks_socks() && ports.lock().expect("the list").is_empty());
}

fn refusing(kind: socket2::Type, addr: SocketAddr) -> Proxy {
    Proxy::socks5(addr).expect("a proxy").socket(move |socket| {
        if socket.r#type()? == kind { Err(io::Error::other("the VPN is down")) } else { Ok(()) }
    })
}

#[test]
fn a_socket_that_can_not_be_prepared() {
    let granted = |_| vec![5, 0, 0, 1, 127, 0, 0, 1, 0, 9];
    let addr = serving(move |mut client| drop(proxy_with(&mut client, &Mutex::default(), granted)));
    let datagrams = report(refusing(socket2::Type::DGRAM, addr));
    for question in [Question::Udp, Question::UdpIpv4, Question::UdpIpv6, Question::UdpName] {
        assert!(matches!(failure(&datagrams, question), Failure::Local(_)), "{datagrams}");
        assert_eq!(verdict(&datagrams, question), Verdict::NotTried, "{datagrams}");
        let detail = datagrams.answer(question).expect("an answer").detail();
        assert!(detail.contains("the VPN is down"), "{detail}");
    }
    // A local address of the other family than the relay's.
    let granted = |_| [&[5, 0, 0, 4][..], &[0; 15], &[1, 0, 9]].concat();
    let other = serving(move |mut client| drop(proxy_with(&mut client, &Mutex::default(), granted)));
    let from = SocketAddr::from(([127, 0, 0, 1], 0));
    let from = report(Proxy::socks5(other).expect("a proxy").local_addr(from));
    assert!(matches!(failure(&from, Question::Udp), Failure::Local(_)), "{from}");
    let streams = report(refusing(socket2::Type::STREAM, addr));
    assert_eq!(verdict(&streams, Question::Tcp), Verdict::NotTried, "{streams}");
    assert!(streams.lost_connection().is_some(), "{streams}");
    assert_no_other_target(&streams);
}

/// A proxy of METHOD 02 that rejects the password, and each request of SOCKS4.
fn reject(client: &mut TcpStream) -> io::Result<()> {
    let [version, count] = message(client)?;
    if version == 4 {
        let _request: [u8; 7] = message(client)?;
        return client.write_all(&[0, 0x5B, 0, 0, 0, 0, 0, 0]);
    }
    let mut methods = vec![0; count.into()];
    client.read_exact(&mut methods)?;
    if !methods.contains(&2) {
        return client.write_all(&[5, 0xFF]);
    }
    client.write_all(&[5, 2])?;
    let [_, len] = message(client)?;
    client.read_exact(&mut vec![0; len.into()])?;
    let [len] = message(client)?;
    client.read_exact(&mut vec![0; len.into()])?;
    client.write_all(&[1, 1])
}

/// A refused client is no refused target, and neither is a refusal of SOCKS4, which has no
/// password.
#[test]
fn a_password_that_is_wrong() {
    let addr = serving(|mut client| drop(reject(&mut client)));
    let proxy: Proxy = format!("socks5h://{USER}:{PASSWORD}@{addr}").parse().expect("a proxy");
    let report = report(proxy);
    assert_eq!(verdict(&report, Question::Socks4), Verdict::Refused);
    for question in REQUESTS {
        if question != Question::Pipelined {
            assert_eq!(verdict(&report, question), Verdict::Refused, "{report}");
            let Failure::Socks(error) = failure(&report, question) else { panic!("{report}") };
            assert!(matches!(error.kind(), ErrorKind::PasswordRefused(1)), "{error:?}");
        }
    }
    assert_no_other_target(&report);
}

/// SOCKS4 refuses the client with codes of its own.
#[test]
fn a_user_id_that_is_wrong() {
    let reject = |client: &mut TcpStream| {
        let [4, _] = message(client)? else { return client.write_all(&[0, 0x5D]) };
        let _request: [u8; 7] = message(client)?;
        client.write_all(&[0, 0x5D, 0, 0, 0, 0, 0, 0])
    };
    let addr = serving(move |mut client| drop::<io::Result<()>>(reject(&mut client)));
    let report = report(format!("socks4a://{addr}").parse().expect("a proxy"));
    assert_eq!(verdict(&report, Question::Socks4), Verdict::Refused, "{report}");
    assert_no_other_target(&report);
}

const NAME: &str = "topsecretuser";

/// Whether there is a connection or not.
#[test]
fn a_report_has_no_user_name() {
    let (dead, _bound) = deserted();
    let rejecting = serving(|mut client| drop(reject(&mut client)));
    for addr in [dead, rejecting] {
        let report = report(format!("socks5h://{NAME}:{PASSWORD}@{addr}").parse().expect("a proxy"));
        let lost = report.lost_connection().map(|lost| format!("{lost} {lost:?}"));
        assert_eq!(lost.is_some(), addr == dead, "{report}");
        let details = report.answers().iter().map(|answer| format!("{} {answer:?}", answer.detail()));
        let texts = [report.to_string(), format!("{report:?}")];
        for text in texts.into_iter().chain(lost).chain(details) {
            assert!(!text.contains(NAME) && !text.contains(PASSWORD), "{text}");
        }
    }
}

/// It discards the bytes that arrive together with the greeting, and so the request's tunnel is
/// dead. It has granted that all the same.
#[test]
fn a_dead_tunnel_after_a_handshake_in_one_write() {
    let talk = |client: &mut TcpStream| -> io::Result<()> {
        let [5, count] = message(client)? else { return client.write_all(&[0, 91]) };
        let mut methods = vec![0; count.into()];
        client.read_exact(&mut methods)?;
        if !methods.contains(&0) {
            return client.write_all(&[5, 0xFF]);
        }
        client.set_nonblocking(true)?;
        let is_pipelined = client.peek(&mut [0]).is_ok_and(|n| n > 0);
        client.set_nonblocking(false)?;
        client.write_all(&[5, 0])?;
        let [_, command, _, atyp] = message(client)?;
        let len = match atyp {
            1 => 4,
            4 => 16,
            _ => message::<1>(client)?[0],
        };
        client.read_exact(&mut vec![0; usize::from(len) + 2])?;
        if command != 1 {
            return client.write_all(&[5, 7, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        client.write_all(&GRANTED)?;
        if is_pipelined {
            return Ok(());
        }
        io::copy(&mut &*client, &mut &*client).map(drop)
    };
    let addr = serving(move |mut client| drop(talk(&mut client)));
    let probe = Probe::new(addr).expect("a proxy").timeout(Duration::from_secs(5));
    let report = probe.run().expect("a report");
    assert_eq!(verdict(&report, Question::Socks5Name), Verdict::Yes, "{report}");
    assert!(matches!(failure(&report, Question::Pipelined), Failure::DeadEnd(_)), "{report}");
    assert_eq!(verdict(&report, Question::Pipelined), Verdict::No, "{report}");
}
