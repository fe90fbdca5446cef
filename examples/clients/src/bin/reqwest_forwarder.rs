//! [reqwest](https://docs.rs/reqwest) accepts the URL of a proxy, but no connection. A forwarder
//! is a local proxy in front of any connector: here, a chain.
//!
//! `cargo run --bin reqwest_forwarder [-- proxy-url,proxy-url target]`

use anysocks::{Chain, forward::Forwarder, tokio::Connector};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (chain, target) = local::chain_and_target(local::https_website)?;
    let chain = chain.parse::<Chain>()?.timeout(Duration::from_secs(20));

    // The forwarder must live as long as the client. The random password in its URL keeps other
    // local users out.
    let forwarder = Forwarder::start(Connector::new(chain)).await?;
    let proxy = reqwest::Proxy::all(forwarder.url())?;
    let client = reqwest::Client::builder().proxy(proxy).tls_backend_preconfigured(local::tls()?).build()?;

    let response = client.get(format!("https://{target}/")).send().await?.error_for_status()?;
    local::check(&response.text().await?)?;
    // The target of the first proxy, and that of the second.
    local::check_hosts(&["second.invalid", "hello.invalid"])?;
    Ok(())
}
