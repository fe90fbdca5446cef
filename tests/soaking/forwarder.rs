//! The forwarder, whose clients are in the other process. One target is reached through proxies
//! that fail.

use crate::Load;
use crate::meters::add;
use crate::peers::UNRELIABLE;
use anysocks::forward::Forwarder;
use anysocks::tokio::Connector;
use anysocks::{Proxy, Target};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) fn start(runtime: &Runtime, load: &Arc<Load>) -> Forwarder {
    let (rule, counting) = (Arc::clone(load), Arc::clone(load));
    let connector = Connector::by_rule(move |target: &Target<'_>| -> Option<Proxy> {
        let is_unreliable = target.to_string() == UNRELIABLE;
        let addr = if is_unreliable { rule.addresses.faulty[0] } else { rule.addresses.honest };
        Proxy::socks5(addr).ok().map(|proxy| proxy.timeout(Duration::from_secs(10)))
    });
    let builder = Forwarder::builder(connector)
        .half_closed(Duration::from_secs(5))
        .on_error(move |_| add(&counting.tally.forwarder_errors));
    runtime.block_on(builder.start()).expect("a forwarder")
}
