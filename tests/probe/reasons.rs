//! Reports of requests that fail.

use crate::messages::PASSWORD;
use crate::scene::{deserted, serving};
use crate::support::case;
use crate::{GRANTED, failure, message, verdict};
use anysocks::Proxy;
use anysocks::probe::{Failure, Probe, Question, Report, Verdict};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn report(proxy: Proxy) -> Report {
    case::limit_test();
    Probe::new(proxy).expect("a proxy").run().expect("a report")
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
