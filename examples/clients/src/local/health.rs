//! A gRPC server with one service, which reports its own health.

use super::background::in_background;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// Starts the server and returns its port.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn health() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    in_background(async {
        let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener)?);
        let (_, service) = tonic_health::server::health_reporter();
        let server = Server::builder().add_service(service).serve_with_incoming(incoming);
        server.await.map_err(io::Error::other)
    })?;
    Ok(port)
}
