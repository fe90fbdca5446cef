//! The users of tokio's connector: hyper and quinn.

use crate::delays::Delays;
use crate::peers::Peers;
use crate::support::blocked::{Executor, OnTokio};
use crate::{At, assert_on_time, late};
use anysocks::Stage;
use std::time::Instant;

#[cfg(feature = "hyper")]
#[test]
fn hyper_connector() {
    use tower_service::Service;
    let peers = Peers::start();
    let mut connector = anysocks::tokio::Connector::new(At::v5(peers.trickle5));
    let delays = Delays::measure();
    let began = Instant::now();
    let outcome = OnTokio::run(connector.call("http://example.com/".parse().expect("a URI")));
    let late = late(began, outcome.map(drop), Stage::Request, None);
    assert_on_time(vec![(late, "call".to_owned())], delays);
}

#[cfg(feature = "quinn")]
#[test]
fn quinn_endpoint() {
    let peers = Peers::start();
    for (proxy, stage) in [(peers.greeting, Stage::Request), (peers.dead, Stage::Dial)] {
        let delays = Delays::measure();
        let began = Instant::now();
        let outcome = OnTokio::run(anysocks::quinn::endpoint(&At::v5(proxy)));
        let late = late(began, outcome.map(drop), stage, None);
        assert_on_time(vec![(late, "endpoint".to_owned())], delays);
    }
}
