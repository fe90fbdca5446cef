//! `anysocks listen`.

use super::result::line;
use crate::chain::ProxyOptions;
use crate::failure::Failure;
use crate::progress;
use crate::pump::pump;
use serde_json::json;

/// Accept one connection on a port of the proxy (BIND)
///
/// The first line on the standard error is the address to which the peer has to connect. The second
/// line is the address of the peer. Then the standard input is sent to the peer, and the bytes from
/// the peer are written to the standard output. --timeout limits the wait for the peer too. Without
/// it, the command waits until the proxy ends the wait.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The peer that will connect. Many proxies accept no other.
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:0")]
    peer: String,
    /// Print the addresses as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    proxies: ProxyOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let connector = arguments.proxies.connector()?;
    let mut listener = connector.bind(&*arguments.peer).await?;
    let bound = listener.bound_addr().to_string();
    progress::line(&line(arguments.json, format!("listening at {bound}"), &json!({ "bound": bound })));
    let (stream, peer) = match arguments.proxies.common.timeout {
        Some(limit) => listener.accept_within(limit).await?,
        None => listener.accept().await?,
    };
    let peer = peer.to_string();
    progress::line(&line(arguments.json, format!("connection from {peer}"), &json!({ "peer": peer })));
    pump(stream).await
}
