//! The sizes of the futures of `connect`. With the feature `tracing` they hold spans too.

use crate::support::case::Case;
use anysocks::Proxy;
use anysocks::tokio::{Connector, Socks5Stream};

const TARGET: &str = "www.example.com:443";

/// What tokio's socket and timer have more in a build with debug assertions.
const DEBUG: usize = if cfg!(debug_assertions) { 64 } else { 0 };

#[test]
fn sizes_of_a_pending_connect() {
    let proxy: Proxy = "socks5h://192.0.2.1".parse().expect("a URL");
    let by_proxy = size_of_val(&Socks5Stream::connect(&proxy, TARGET));
    let by_text = size_of_val(&Socks5Stream::connect("socks5h://192.0.2.1", TARGET));
    let by_connector = size_of_val(&Connector::new(proxy).connect(TARGET));
    let _case =
        Case::new(format!("by a Proxy {by_proxy}, by a text {by_text}, by a Connector {by_connector}"));
    assert!(by_proxy <= 800 + DEBUG && by_text <= 900 + DEBUG && by_connector <= 900 + DEBUG);
}
