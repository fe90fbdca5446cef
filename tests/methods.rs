//! What custom METHODs may do, on every front end: prepare, encapsulate at any hop of a chain, hand
//! over values, pause, and fail.

#[path = "association/scene.rs"]
mod association;
#[path = "methods/closed.rs"]
mod closed;
#[path = "methods/datagrams.rs"]
mod datagrams;
mod fronts;
#[path = "methods/gaps.rs"]
mod gaps;
#[path = "methods/half_closed.rs"]
mod half_closed;
#[path = "methods/hop.rs"]
mod hop;
#[path = "methods/hops.rs"]
mod hops;
#[path = "methods/hops_that_fail.rs"]
mod hops_that_fail;
#[path = "connector/messages.rs"]
mod messages;
#[path = "methods/numbered.rs"]
mod numbered;
#[path = "methods/parts.rs"]
mod parts;
#[path = "methods/pauses.rs"]
mod pauses;
#[path = "methods/pauses_of_commands.rs"]
mod pauses_of_commands;
#[path = "methods/preparation.rs"]
mod preparation;
#[cfg(feature = "futures-io")]
#[path = "methods/prepared_by_hand.rs"]
mod prepared_by_hand;
#[path = "methods/purposes.rs"]
mod purposes;
#[path = "connector/scene.rs"]
mod scene;
#[path = "methods/sessions.rs"]
mod sessions;
mod support;
#[path = "methods/timeouts.rs"]
mod timeouts;
#[path = "methods/two_tasks.rs"]
mod two_tasks;
#[path = "connector/ways.rs"]
mod ways;
