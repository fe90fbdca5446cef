//! Mail by [lettre](https://docs.rs/lettre): its pooled transports connect themselves, but one SMTP connection goes over any stream that
//! says who its peer is.
//!
//! `cargo run --bin lettre [-- proxy-url target]`

use anysocks::tokio::Socks5Stream;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, message::header::ContentType};
use std::task::{Context, Poll};
use std::{io, net::SocketAddr, pin::Pin};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug)]
struct Tunnel(Socks5Stream);

impl AsyncTokioStream for Tunnel {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::mail_server)?;
    let message = Message::builder().from("me@example.com".parse()?).to("you@example.com".parse()?);
    let message = message.header(ContentType::TEXT_PLAIN).body(local::GREETING.to_owned())?;

    let stream = Box::new(Tunnel(Socks5Stream::connect(&proxy, &target).await?));
    let name = ClientId::Domain("client.example.com".to_owned());
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &name).await?;
    let response = connection.send(message.envelope(), &message.formatted()).await?;
    println!("the server says: {}", response.first_line().unwrap_or_default());
    connection.quit().await?;
    Ok(())
}
