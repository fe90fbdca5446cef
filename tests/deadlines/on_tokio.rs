//! The users of tokio's connector: hyper and quinn.

use crate::delays::Delays;
use crate::peers::Peers;
use crate::support::blocked::{Executor, OnTokio};
use crate::{At, assert_on_time, late};
use anysocks::Stage;

#[cfg(feature = "hyper")]
#[test]
fn hyper_connector() {
    use tower_service::Service;
    let peers = Peers::start();
    let mut connector = anysocks::tokio::Connector::new(At::v5(peers.trickle5));
    let delays = Delays::measure();
    let call = || OnTokio::run(connector.call("http://example.com/".parse().expect("a URI"))).map(drop);
    assert_on_time(vec![(late(call, Stage::Request, None), "call".to_owned())], delays);
}

#[cfg(feature = "quinn")]
#[test]
fn quinn_endpoint() {
    let peers = Peers::start();
    for (proxy, stage) in [(peers.greeting, Stage::Request), (peers.dead, Stage::Dial)] {
        let delays = Delays::measure();
        let call = || OnTokio::run(anysocks::quinn::endpoint(&At::v5(proxy))).map(drop);
        assert_on_time(vec![(late(call, stage, None), "endpoint".to_owned())], delays);
    }
}
