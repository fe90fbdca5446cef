//! The reference server of SOCKS5a: its codecs against the vectors, its judgement, and its faults.

#[path = "support/case.rs"]
#[allow(dead_code, reason = "a part of it is in use")]
mod case;
#[path = "socks5a_server/client.rs"]
mod client;
#[path = "socks5a_server/exact.rs"]
mod exact;
#[path = "socks5a_server/judged.rs"]
mod judged;
#[path = "socks5a_server/misbehaving.rs"]
mod misbehaving;
#[path = "socks5a_server/plain.rs"]
mod plain;
#[path = "socks5a_server/serving.rs"]
mod serving;
#[path = "support/socks5a/mod.rs"]
mod socks5a;
#[path = "support/watchdog.rs"]
#[allow(dead_code, reason = "a part of it is in use")]
mod watchdog;
