//! SOCKS5a against the reference server, on every front end.

#[path = "socks5a/chains.rs"]
mod chains;
#[path = "socks5a/datagrams.rs"]
mod datagrams;
#[path = "socks5a/eaf_faults.rs"]
mod eaf_faults;
#[path = "socks5a/factors.rs"]
mod factors;
mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "socks5a/orders.rs"]
mod orders;
#[path = "socks5a/parts.rs"]
mod parts;
#[path = "support/socks5a/mod.rs"]
mod reference;
#[path = "socks5a/replies.rs"]
mod replies;
#[path = "connector/scene.rs"]
mod scene;
#[path = "socks5a/sequence_faults.rs"]
mod sequence_faults;
#[path = "socks5a/sessions.rs"]
mod sessions;
#[path = "socks5a/streams.rs"]
mod streams;
mod support;
#[path = "socks5a/tol_faults.rs"]
mod tol_faults;
#[path = "connector/ways.rs"]
mod ways;
