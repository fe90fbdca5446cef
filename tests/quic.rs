//! QUIC through a SOCKS5 proxy's relay: quinn's endpoints with an association as their socket.

#[path = "quic/end.rs"]
mod end;
#[path = "quic/endpoint.rs"]
mod endpoint;
#[path = "quic/peer.rs"]
mod peer;
#[path = "quic/relay.rs"]
mod relay;
#[path = "quic/socket.rs"]
mod socket;
mod support;
