//! An HTTP server with one page.

use super::background::for_each_client;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The text that every server in this process sends.
pub const GREETING: &str = "Hello through the proxy.\n";

/// Starts the server and returns its port.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn website() -> io::Result<u16> {
    for_each_client(answer)
}

/// Answers one request of any kind.
async fn answer(client: TcpStream) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = String::new();
    while client.read_line(&mut line).await? > 2 {
        line.clear();
    }
    let length = GREETING.len();
    let page = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{GREETING}");
    client.write_all(page.as_bytes()).await?;
    client.shutdown().await
}
