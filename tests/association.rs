//! UDP ASSOCIATE with a relay that the test controls, on every front end that dials.

#[path = "association/batches.rs"]
mod batches;
#[path = "association/encapsulated.rs"]
mod encapsulated;
#[path = "association/ends.rs"]
mod ends;
#[path = "association/fragments.rs"]
mod fragments;
mod fronts;
#[path = "association/further_requests.rs"]
mod further_requests;
#[path = "association/names.rs"]
mod names;
#[cfg(target_os = "linux")]
#[path = "association/nat.rs"]
mod nat;
#[path = "association/payloads.rs"]
mod payloads;
#[path = "association/peers.rs"]
mod peers;
#[path = "association/relays.rs"]
mod relays;
#[path = "association/requests.rs"]
mod requests;
#[path = "association/scene.rs"]
mod scene;
#[path = "association/strays.rs"]
mod strays;
mod support;
#[path = "association/waiting.rs"]
mod waiting;
