//! The users of tokio's connector: hyper and quinn.

use crate::peers::Peers;
use crate::support::blocked::{Executor, OnTokio};
use crate::support::clock::assert_on_time;
use crate::{At, LIMIT};
use anysocks::{Error, Stage};
use std::time::Instant;

fn assert_late(started: Instant, error: &Error, stage: Stage) {
    assert_on_time(started, LIMIT);
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(error.stage(), stage, "{error:?}");
}

#[cfg(feature = "hyper")]
#[test]
fn of_hyper() {
    use tower_service::Service;
    let peers = Peers::start();
    let mut connector = anysocks::tokio::Connector::new(At::v5(peers.trickle5));
    let started = Instant::now();
    let call = connector.call("http://example.com/".parse().expect("a URI"));
    let error = OnTokio::run(call).expect_err("a call that must time out");
    assert_late(started, &error, Stage::Request);
}

#[cfg(feature = "quinn")]
#[test]
fn of_quinn() {
    let peers = Peers::start();
    for (proxy, stage) in [(peers.greeting, Stage::Request), (peers.dead, Stage::Dial)] {
        let started = Instant::now();
        let endpoint = OnTokio::run(anysocks::quinn::endpoint(&At::v5(proxy)));
        assert_late(started, &endpoint.expect_err("a call that must time out"), stage);
    }
}
