//! A WebSocket by [tokio-tungstenite](https://docs.rs/tokio-tungstenite), whose handshake accepts
//! any stream. For `wss://`, use `client_async_tls`.
//!
//! `cargo run --bin tokio_tungstenite [-- proxy-url target]`

use anysocks::tokio::Socks5Stream;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::websocket)?;

    let stream = Socks5Stream::connect(&proxy, &target).await?;
    let (mut socket, _) = client_async(format!("ws://{target}/"), stream).await?;

    let greeting = socket.next().await.ok_or("the server closed the connection")??;
    local::check(greeting.to_text()?)?;
    socket.send(Message::text("ping")).await?;
    let echo = socket.next().await.ok_or("the server closed the connection")??;
    local::check_is(echo.to_text()?, "ping")?;
    socket.close(None).await?;
    Ok(())
}
