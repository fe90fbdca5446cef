//! The reference server of SOCKS5a: its codecs against the vectors, its judgement, and its faults.

#[path = "support/case.rs"]
#[allow(dead_code, reason = "a part of it is in use")]
mod case;
#[path = "socks5a_server/client.rs"]
mod client;
#[path = "socks5a_server/exact.rs"]
mod exact;
#[path = "socks5a_server/faulty_negotiation.rs"]
mod faulty_negotiation;
#[path = "socks5a_server/faulty_traffic.rs"]
mod faulty_traffic;
#[path = "socks5a_server/judged_negotiation.rs"]
mod judged_negotiation;
#[path = "socks5a_server/judged_traffic.rs"]
mod judged_traffic;
#[path = "socks5a_server/negotiating.rs"]
mod negotiating;
#[path = "socks5a_server/plain.rs"]
mod plain;
#[path = "socks5a_server/serving.rs"]
mod serving;
#[path = "support/socks5a/mod.rs"]
mod socks5a;
#[path = "support/watchdog.rs"]
#[allow(dead_code, reason = "a part of it is in use")]
mod watchdog;
