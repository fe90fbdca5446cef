//! The server half of the fast-socks5 crate, on a tokio runtime of its own.

use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fast_socks5::server::{
    DnsResolveHelper, ErrorContext, Socks5ServerProtocol, SocksServerError, run_tcp_proxy, run_udp_proxy,
};
use fast_socks5::{ReplyError, Socks5Command};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::running::Credentials;

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Serves until the runtime is dropped. Without credentials it accepts every client, with
/// credentials only clients that have them.
pub(crate) fn start(
    address: SocketAddr,
    credentials: Option<Credentials>,
    log: PathBuf,
) -> Result<Runtime, String> {
    let reason = |error| format!("fast-socks5 on {address}: {error}");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(reason)?;
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(reason)?;
    runtime.spawn(accept(listener, credentials, log.into()));
    Ok(runtime)
}

async fn accept(listener: TcpListener, credentials: Option<Credentials>, log: Arc<Path>) {
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(error) => return write_log(&log, &error),
        };
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            if let Err(error) = serve(client, credentials).await {
                write_log(&log, &error);
            }
        });
    }
}

async fn serve(client: TcpStream, credentials: Option<Credentials>) -> Result<(), SocksServerError> {
    let own = client.local_addr().err_when("asking for its own address")?.ip();
    let accepted = match credentials {
        None => Socks5ServerProtocol::accept_no_auth(client).await?,
        Some((user, password)) => {
            let check = |its_user: String, its_password: String| its_user == user && its_password == password;
            Socks5ServerProtocol::accept_password_auth(client, check).await?.0
        }
    };
    let (request, command, target) = accepted.read_command().await?.resolve_dns().await?;
    match command {
        Socks5Command::TCPConnect => {
            run_tcp_proxy(request, &target, CONNECT_DEADLINE, true).await?;
        }
        Socks5Command::UDPAssociate => {
            run_udp_proxy(request, &target, Some(own), own, None).await?;
        }
        Socks5Command::TCPBind => request.reply_error(&ReplyError::CommandNotSupported).await?,
    }
    Ok(())
}

fn write_log(path: &Path, line: &dyn Display) {
    let written =
        File::options().create(true).append(true).open(path).and_then(|mut log| writeln!(log, "{line}"));
    if let Err(error) = written {
        eprintln!("{}: {error}", path.display());
    }
}
