//! A WebSocket by [async-tungstenite](https://docs.rs/async-tungstenite) on smol: its handshake takes any stream of futures-io.
//!
//! `cargo run --bin async_tungstenite_smol [-- proxy-url target]`

use anysocks::smol::Socks5Stream;
use async_tungstenite::client_async;
use async_tungstenite::tungstenite::Message;
use futures_util::StreamExt;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::websocket)?;

    smol::block_on(async {
        let stream = Socks5Stream::connect(&proxy, &target).await?;
        let (mut socket, _) = client_async(format!("ws://{target}/"), stream).await?;

        let greeting = socket.next().await.ok_or("the server hung up")??;
        local::check(greeting.to_text()?)?;
        socket.send(Message::text("well?")).await?;
        let echo = socket.next().await.ok_or("the server hung up")??;
        local::check_is(echo.to_text()?, "well?")?;
        socket.close(None).await?;
        Ok(())
    })
}
