//! [reqwest](https://docs.rs/reqwest) takes the URL of a proxy, and no connection from outside. With a forwarder on this machine that URL
//! stands for whatever a connector can do: here, a chain.
//!
//! `cargo run --bin reqwest_forwarder [-- proxy-url,proxy-url target]`

use anysocks::{Chain, forward::Forwarder, tokio::Connector};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (chain, target) = local::chain_and_target(local::https_website)?;
    let chain = chain.parse::<Chain>()?.timeout(Duration::from_secs(20));

    // It lives as long as the client is used. Its URL has a random password in it, so that nobody else on this machine can use it.
    let forwarder = Forwarder::start(Connector::new(chain)).await?;
    let proxy = reqwest::Proxy::all(forwarder.url())?;
    let client = reqwest::Client::builder().proxy(proxy).tls_backend_preconfigured(local::tls()?).build()?;

    let response = client.get(format!("https://{target}/")).send().await?.error_for_status()?;
    local::check(&response.text().await?)?;
    // What the first proxy has been asked for, and the second.
    local::check_hosts(&["second.invalid", "hello.invalid"])?;
    Ok(())
}
