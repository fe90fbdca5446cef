//! A WebSocket by [async-tungstenite](https://docs.rs/async-tungstenite) on smol: its handshake
//! accepts any futures-io stream.
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

        let greeting = socket.next().await.ok_or("the server closed the connection")??;
        local::check(greeting.to_text()?)?;
        socket.send(Message::text("ping")).await?;
        let echo = socket.next().await.ok_or("the server closed the connection")??;
        local::check_is(echo.to_text()?, "ping")?;
        socket.close(None).await?;
        Ok(())
    })
}
