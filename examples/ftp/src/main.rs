//! Downloads a file from an FTP server in active mode through a SOCKS5 proxy. The control
//! connection is a CONNECT. The server opens the data connection, which arrives by BIND.
//!
//! ```text
//! cargo run -- socks5h://127.0.0.1:1080 ftp.example.com:21 anonymous me@example.com README >README
//! ```

use anysocks::tokio::{Socks5Listener, Socks5Stream};
use anysocks::{Proxy, Target};
use std::error::Error;
use std::time::Duration;
use suppaftp::Status;
use suppaftp::tokio::AsyncFtpStream;
use suppaftp::types::FileType;
use tokio::io::{AsyncWriteExt, copy, stdout};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [proxy, server, user, password, file] = &*arguments else {
        return Err("usage: ftp_active PROXY-URL HOST:PORT USER PASSWORD FILE".into());
    };
    let proxy = proxy.parse::<Proxy>()?.timeout(PATIENCE);
    let server: Target<'_> = server.parse()?;

    let control = Socks5Stream::connect(&proxy, server.borrowed()).await?;
    let mut ftp = AsyncFtpStream::connect_with_stream(control.into_inner()?).await?;
    ftp.login(user, password).await?;
    ftp.transfer_type(FileType::Binary).await?;

    // The server connects from its own address. Its port is not known yet.
    let peer = Target::new(server.host().clone(), 0);
    let mut listener = Socks5Listener::bind(&proxy, peer).await?;
    let bound =
        listener.bound_addr().socket_addr().ok_or("the proxy reports a name instead of an address")?;

    // suppaftp's own active mode would listen on this machine.
    ftp.eprt(bound).await?;
    ftp.custom_command(format!("RETR {file}"), &[Status::AboutToSend, Status::AlreadyOpen]).await?;
    let (mut data, peer) = listener.accept_within(PATIENCE).await?;
    eprintln!("{peer} connected to {bound}");

    let mut output = stdout();
    copy(&mut data, &mut output).await?;
    output.flush().await?;
    drop(data);
    ftp.read_response_in(&[Status::ClosingDataConnection, Status::RequestedFileActionOk]).await?;
    ftp.quit().await?;
    Ok(())
}
