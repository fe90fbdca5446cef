//! Reports of requests that fail.

use crate::message;
use crate::messages::PASSWORD;
use crate::scene::{deserted, serving};
use crate::support::case;
use anysocks::Proxy;
use anysocks::probe::{Probe, Report};
use std::io::{self, Read, Write};
use std::net::TcpStream;

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
