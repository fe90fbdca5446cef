//! A WebSocket server that sends the greeting to its clients, and then echoes their messages.

use super::background::for_each_client;
use super::website::GREETING;
use futures_util::{SinkExt, StreamExt};
use std::io;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Starts the server and returns its port.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn websocket() -> io::Result<u16> {
    for_each_client(async |client| {
        let mut client = accept_async(client).await?;
        client.send(Message::text(GREETING)).await?;
        while let Some(message) = client.next().await {
            match message? {
                message @ (Message::Text(_) | Message::Binary(_)) => client.send(message).await?,
                Message::Close(_) => return Ok(()),
                _ => {}
            }
        }
        Ok::<_, Error>(())
    })
}
