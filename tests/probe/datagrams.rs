//! The relay that an association of this crate uses, and the datagrams that it returns.

use crate::scene::serving;
use crate::support::case;
use crate::support::methods::{numbered::Side, short};
use crate::{failure, found, message, proxy_with, verdict};
use anysocks::probe::{Defect, Failure, Note, Probe, Question, Report, Verdict};
use anysocks::protocol::Encapsulation;
use anysocks::udp::{Options, Relay};
use anysocks::{ErrorKind, Proxy};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TO_TARGETS: [Question; 3] = [Question::UdpIpv4, Question::UdpIpv6, Question::UdpName];

/// A grant with this BND.ADDR and BND.PORT.
pub(crate) fn grant(bound: SocketAddr) -> Vec<u8> {
    let (atyp, ip) = match bound.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (4, ip.octets().to_vec()),
    };
    [&[5, 0, 0, atyp], &*ip, &bound.port().to_be_bytes()].concat()
}

/// A proxy that echoes, and replies this address to UDP ASSOCIATE.
fn associating(bound: SocketAddr) -> SocketAddr {
    serving(move |mut client| drop(proxy_with(&mut client, &Mutex::default(), |_| grant(bound))))
}

/// A relay that returns each payload behind the bytes that `header` returns for the header.
fn relay(header: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let addr = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut buf = [0; 512];
        loop {
            // An earlier datagram may have met a closed port.
            let Ok((len, from)) = socket.recv_from(&mut buf) else { continue };
            let (own, payload) = buf[..len].split_at(len - b"ping".len());
            let _ = socket.send_to(&[&*header(own), payload].concat(), from);
        }
    });
    addr
}

fn report(proxy: Proxy) -> Report {
    case::limit_test();
    Probe::new(proxy).expect("a proxy").timeout(Duration::from_secs(3)).run().expect("a report")
}

fn socks5(addr: SocketAddr) -> Proxy {
    Proxy::socks5(addr).expect("a proxy")
}

/// An association of this crate fails there too.
#[test]
fn a_relay_that_is_no_unicast_address() {
    for bound in ["224.0.0.1:9999", "[ff02::1]:9999", "255.255.255.255:9999"] {
        let report = report(socks5(associating(bound.parse().expect("an address"))));
        for question in [Question::Udp].into_iter().chain(TO_TARGETS) {
            let failure = failure(&report, question);
            assert!(matches!(failure, Failure::Bound(_, Defect::NotUnicast)), "{failure:?}");
            assert_eq!(verdict(&report, question), Verdict::No);
        }
    }
}

/// The policy of the proxy's options applies, and a note has the address that it replaces.
#[test]
fn a_relay_that_is_not_at_the_address_in_the_reply() {
    let relay = relay(<[u8]>::to_vec);
    let bound = SocketAddr::new([127, 9, 9, 9].into(), relay.port());
    let options = Options::new().relay(Relay::ProxyAddress);
    let replaced = report(socks5(associating(bound)).udp(options));
    let udp = found(&replaced, Question::Udp);
    assert_eq!((udp.relay, udp.bound.clone()), (Some(relay), Some(bound.into())));
    assert!(matches!(&*udp.notes, [Note::RelayReplaced { bound: noted, .. }] if *noted == bound.into()));
    for question in TO_TARGETS {
        assert_eq!(found(&replaced, question).notes, []);
    }
    let unspecified = SocketAddr::new([0, 0, 0, 0].into(), relay.port());
    for bound in [relay, unspecified] {
        let same = report(socks5(associating(bound)));
        let udp = found(&same, Question::Udp);
        assert_eq!((udp.relay, &*udp.notes), (Some(relay), &[][..]), "{bound}");
    }
}

/// By default, a socket drops fragments.
#[test]
fn a_relay_that_fragments() {
    let with = |fragment: u8| move |header: &[u8]| [&[0, 0, fragment], &header[3..]].concat();
    let last = report(socks5(associating(relay(with(0x81)))));
    for question in TO_TARGETS {
        assert_eq!(found(&last, question).notes, [Note::Fragments]);
    }
    let incomplete = report(socks5(associating(relay(with(1)))));
    for question in TO_TARGETS {
        let failure = failure(&incomplete, question);
        assert!(matches!(failure, Failure::Datagrams { dropped: true, .. }), "{failure:?}");
        assert_eq!(verdict(&incomplete, question), Verdict::No);
    }
    let detail = incomplete.answer(Question::UdpIpv4).expect("an answer").detail();
    assert!(detail.contains("within 3 s but malformed datagrams or incomplete fragments"), "{detail}");
}

/// The answer is about the first association, which declares zeros.
#[test]
fn a_proxy_that_refuses_a_declared_source() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let relay = silent.local_addr().expect("an address");
    let reply = move |port| if port == 0 { grant(relay) } else { vec![5, 2, 0, 1, 0, 0, 0, 0, 0, 0] };
    let addr = serving(move |mut client| drop(proxy_with(&mut client, &Mutex::default(), reply)));
    let report = report(socks5(addr));
    for question in TO_TARGETS {
        let failure = failure(&report, question);
        assert!(matches!(failure, Failure::Datagrams { declared_source: false, .. }), "{failure:?}");
    }
}

/// The reply names an address that only the proxy's network may know. Other systems have no second
/// loopback address.
#[cfg(target_os = "linux")]
#[test]
fn a_silent_relay_that_is_not_at_the_address_of_the_proxy() {
    let silent = UdpSocket::bind("127.9.9.9:0").expect("a port");
    let relay = silent.local_addr().expect("an address");
    let report = report(socks5(associating(relay)));
    let advice = format!(
        "; the relay {relay} is not at the proxy's address 127.0.0.1: \
         try `?relay=proxy` in the proxy's URL, or `Relay::ProxyAddress`"
    );
    for question in TO_TARGETS {
        let detail = report.answer(question).expect("an answer").detail();
        assert!(detail.ends_with(&advice), "{detail}");
    }
}

/// A connected socket drops them.
#[test]
fn a_relay_that_names_another_source() {
    for (header, noted) in [
        (vec![0, 0, 0, 1, 127, 0, 0, 1, 0, 0], "127.0.0.1:0"),
        (vec![0, 0, 0, 1, 127, 0, 0, 1, 0, 9], "127.0.0.1:9"),
        (b"\0\0\0\x03\x09a.example\0\x09".to_vec(), "a.example:9"),
    ] {
        let report = report(socks5(associating(relay(move |_| header.clone()))));
        for question in TO_TARGETS {
            let [Note::OtherSource(source)] = &*found(&report, question).notes else { panic!("{report}") };
            assert_eq!(source.to_string(), noted);
        }
    }
    // The proxy has resolved the name.
    let resolved = |header: &[u8]| [&[0, 0, 0, 1, 192, 0, 2, 7], &header[header.len() - 2..]].concat();
    let report = report(socks5(associating(relay(resolved))));
    assert_eq!(found(&report, Question::UdpName).notes, []);
    assert!(matches!(&*found(&report, Question::UdpIpv4).notes, [Note::OtherSource(_)]));
}

const CODE: u8 = 0x90;

/// They would be bare.
#[test]
fn a_method_that_encapsulates_no_datagrams() {
    let seen = Arc::new(Mutex::new(0));
    let relayed = Arc::clone(&seen);
    let relay = relay(move |header| {
        *relayed.lock().expect("a count") += 1;
        header.to_vec()
    });
    let talk = move |client: &mut TcpStream| -> io::Result<()> {
        let [5, count] = message(client)? else { return Ok(()) };
        let mut methods = vec![0; count.into()];
        client.read_exact(&mut methods)?;
        if !methods.contains(&CODE) {
            return client.write_all(&[5, 0xFF]);
        }
        client.write_all(&[5, CODE])?;
        let [CODE, 1] = message(client)? else { return Ok(()) };
        client.write_all(&[CODE, 2])?;
        let request = Side::client(CODE).frame(&[5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
        let mut frame = vec![0; request.len()];
        client.read_exact(&mut frame)?;
        if frame == request {
            client.write_all(&Side::proxy(CODE).frame(&grant(relay)))?;
            return client.read(&mut [0]).map(drop);
        }
        Ok(())
    };
    let addr = serving(move |mut client| drop(talk(&mut client)));
    let streams = || Encapsulation::new(Side::client(CODE), Side::proxy(CODE)).into();
    let proxy = socks5(addr).auth(short::auth(CODE, streams)).expect("SOCKS5");
    let report = report(proxy);
    let Failure::Socks(error) = failure(&report, Question::Udp) else { panic!("{report}") };
    assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)), "{error:?}");
    assert_eq!(*seen.lock().expect("a count"), 0);
}
