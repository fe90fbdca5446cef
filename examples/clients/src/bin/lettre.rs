//! Mail by [lettre](https://docs.rs/lettre): its pooled transports connect themselves, but a
//! single SMTP connection can use a stream. For TLS, use `starttls`.
//!
//! `cargo run --bin lettre [-- proxy-url target]`

use anysocks::tokio::Socks5Stream;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, message::header::ContentType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::mail_server)?;
    let message = Message::builder().from("me@example.com".parse()?).to("you@example.com".parse()?);
    let message = message.header(ContentType::TEXT_PLAIN).body(local::GREETING.to_owned())?;

    // lettre accepts a TCP stream. After the handshake, the inner stream is the tunnel.
    let stream = Socks5Stream::connect(&proxy, &target).await?.into_inner()?;
    let name = ClientId::Domain("client.example.com".to_owned());
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &name).await?;
    let response = connection.send(message.envelope(), &message.formatted()).await?;
    local::check_is(response.first_line().unwrap_or_default(), "Hello to you")?;
    connection.quit().await?;
    Ok(())
}
