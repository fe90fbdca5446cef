//! The reply codes of a forwarder: failures of the target, and those of a proxy on the route.

use super::messages::{Speaks, USER};
use super::scene::{BEHIND, TARGET, behind, chain, dialogue, saying};
use super::{assert_refused, started};
use anysocks::tokio::{Connector, Socks5Stream, Socks5UdpSocket};
use anysocks::{Endpoint, Reply, Resolve};

const UNRESOLVED: &str = "nonexistent.invalid";
const THREE: [Speaks; 3] = [Speaks::Socks5; 3];

fn refused(code: u8) -> Vec<u8> {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0].to_vec()
}

#[tokio::test]
async fn only_the_last_proxy_speaks_of_the_target() {
    for hops in 1..=THREE.len() {
        let kinds = &THREE[..hops];
        for refusing in 1..=hops {
            let granted = dialogue(&THREE[..refusing], TARGET);
            // All up to the last reply, which refuses.
            let asked = if refusing == hops { TARGET } else { BEHIND[refusing - 1] };
            let until = granted.len() - Speaks::Socks5.connection(TARGET).len();
            let lines = [&granted[..until], &Speaks::Socks5.lines(1, asked, refused(5))].concat();
            let connector = Connector::new(behind(saying(lines, ""), kinds));
            let told = if refusing == hops { Reply::CONNECTION_REFUSED } else { Reply::GENERAL_FAILURE };
            assert_refused(connector, TARGET, told).await;
        }
    }
}

#[tokio::test]
async fn only_the_targets_name_makes_it_unreachable() {
    let target = format!("{UNRESOLVED}:80");
    let at = saying(vec![], "");
    // The proxy's.
    let unknown = Speaks::Socks5.at(Endpoint::try_from((UNRESOLVED, 1080)).expect("a name"));
    assert_refused(Connector::new(unknown.clone()), TARGET, Reply::GENERAL_FAILURE).await;
    // The next proxy's.
    let first = Speaks::Socks5.at(at).resolve(Resolve::Locally);
    let two = chain([first.clone(), unknown]);
    assert_refused(Connector::new(two), TARGET, Reply::GENERAL_FAILURE).await;
    // The target's, looked up for one proxy, or for the last.
    assert_refused(Connector::new(first), &target, Reply::HOST_UNREACHABLE).await;
    let last = Speaks::Socks5.at(at).resolve(Resolve::Locally);
    let two = chain([Speaks::Socks5.at(at), last]);
    assert_refused(Connector::new(two), &target, Reply::HOST_UNREACHABLE).await;
}

/// What the client is told, and what the function is.
#[tokio::test]
async fn errors_are_told_in_full() {
    let (report, mut told) = tokio::sync::mpsc::unbounded_channel();
    let report = move |error: &anysocks::Error| report.send(format!("{error:#}")).expect("a test that waits");
    // A wrong password at the second proxy.
    let mut denied = Speaks::Password.greeting();
    denied[3] = crate::support::script::proxy(anysocks::Stage::Authentication, [1, 1]);
    let lines = [Speaks::Socks5.connection(BEHIND[0]), denied].concat();
    let addr = saying(lines, "");
    let connector = Connector::new(behind(addr, &[Speaks::Socks5, Speaks::Password]));
    let forwarder = anysocks::forward::Forwarder::builder(connector).on_error(report);
    assert!(format!("{forwarder:?}").contains("on_error: Some(..)"));
    let forwarder = forwarder.start().await.expect("a forwarder");
    let refused = Socks5Stream::connect(forwarder.url(), TARGET).await.expect_err("a refusal");
    assert_eq!(refused.reply(), Some(Reply::GENERAL_FAILURE), "{refused}");
    let error = told.recv().await.expect("an error");
    let wrong = "authentication refused: wrong user name or password (status X'01')";
    let url = format!("socks5h://{USER}@{}", BEHIND[0]);
    assert_eq!(error, format!("proxy {url} (2 of 2), target {TARGET}: {wrong}"));
    assert!(told.try_recv().is_err());
}

/// A route that can't carry datagrams.
#[tokio::test]
async fn datagrams_do_not_go_through_socks4() {
    let (report, mut told) = tokio::sync::mpsc::unbounded_channel();
    let report = move |error: &anysocks::Error| report.send(format!("{error:#}")).expect("a test that waits");
    let addr = saying(vec![], "");
    let connector = Connector::new(behind(addr, &[Speaks::Socks4, Speaks::Socks5]));
    let forwarder = anysocks::forward::Forwarder::builder(connector).on_error(report);
    let forwarder = forwarder.start().await.expect("a forwarder");
    let refused = Socks5UdpSocket::associate(forwarder.url()).await.expect_err("a refusal");
    assert_eq!(refused.reply(), Some(Reply::GENERAL_FAILURE), "{refused}");
    let expected =
        format!("proxy {} (1 of 2): datagrams can't go through a SOCKS4 proxy", Speaks::Socks4.at(addr));
    assert_eq!(told.recv().await.expect("an error"), expected);
}

/// Were it looked up, there would be an association.
#[tokio::test]
async fn a_relay_that_is_a_name_is_not_looked_up() {
    let granted = b"\x05\0\0\x03\x09localhost\0\x09".to_vec();
    let at = saying(Speaks::Socks5.lines(3, "0.0.0.0:0", granted), "");
    let forwarder = started(Connector::new(Speaks::Socks5.at(at))).await;
    let refused = Socks5UdpSocket::associate(forwarder.url()).await.expect_err("a refusal");
    assert_eq!(refused.reply(), Some(Reply::GENERAL_FAILURE), "{refused}");
}
