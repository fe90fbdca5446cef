//! The forwarders, whose clients are in the other process. One target is reached through proxies
//! that fail.

use crate::Load;
use crate::peers::UNRELIABLE;
use anysocks::forward::Forwarder;
use anysocks::tokio::Connector;
use anysocks::{Proxy, Target};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Starts one that chooses the proxy by the target, and one with a single proxy: datagrams need
/// that.
pub(crate) fn start(runtime: &Runtime, load: &Arc<Load>) -> [Forwarder; 2] {
    // Good clients are cancelled before an honest proxy times out on a busy machine.
    let honest = proxy(load.addresses.honest, 60);
    let faulty = proxy(load.addresses.faulty[0], 10);
    let single = Connector::new(honest.clone());
    let by_rule = Connector::by_rule(move |target: &Target<'_>| -> Option<Proxy> {
        Some(if target.to_string() == UNRELIABLE { faulty.clone() } else { honest.clone() })
    });
    [by_rule, single].map(|connector| {
        let counting = Arc::clone(load);
        let builder = Forwarder::builder(connector)
            .half_closed(Duration::from_secs(5))
            .on_error(move |_| counting.tally.count_forwarder_error());
        runtime.block_on(builder.start()).expect("a forwarder")
    })
}

fn proxy(addr: SocketAddr, timeout: u64) -> Proxy {
    Proxy::socks5(addr).expect("a proxy").timeout(Duration::from_secs(timeout))
}
