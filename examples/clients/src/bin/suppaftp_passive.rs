//! FTP in passive mode by [suppaftp](https://docs.rs/suppaftp): the control connection and the
//! data connections go through the proxy. (For active mode, in which the server connects to the
//! client, see `examples/ftp`.)
//!
//! `cargo run --bin suppaftp_passive [-- proxy-url target]`

use anysocks::{Chain, Target, tokio::Connector};
use std::io;
use std::net::SocketAddr;
use suppaftp::FtpError;
use suppaftp::tokio::AsyncFtpStream;
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::vsftpd)?;
    let connector = Connector::new(proxy.parse::<Chain>()?);

    let server: Target<'_> = target.parse()?;
    let control = connector.connect(&server).await?;
    let ftp = AsyncFtpStream::connect_with_stream(control.into_inner()?).await?;
    let mut ftp = ftp.passive_stream_builder(move |passive: SocketAddr| {
        // The address of the server's PASV reply. The proxy has to reach it, not this machine. If
        // it is an address of the server's inner network, connect to the server's host and the
        // port of this address.
        let connector = connector.clone();
        Box::pin(async move {
            let data = connector.connect(passive).await.map_err(io::Error::from);
            let data = data.and_then(|data| data.into_inner().map_err(io::Error::other));
            data.map_err(FtpError::ConnectionError)
        })
    });
    ftp.login("anonymous", "anysocks@example.com").await?;

    let names = ftp.nlst(None).await?;
    let mut file = ftp.retr_as_stream(names.first().ok_or("no files")?).await?;
    let mut content = String::new();
    file.read_to_string(&mut content).await?;
    file.finish().await?;
    ftp.quit().await?;
    local::check(&content)?;
    // The control connection, the list, and the file.
    local::check_hosts(&["hello.invalid", "127.0.0.1", "127.0.0.1"])?;
    Ok(())
}
