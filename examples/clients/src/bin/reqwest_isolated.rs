//! Isolated Tor circuits with [reqwest](https://docs.rs/reqwest)'s own SOCKS client, without
//! anysocks. Each host has its own proxy URL, with a user name and a password in the form of Tor's
//! extensions.
//!
//! `cargo run --bin reqwest_isolated [-- proxy-url target target...]`

use reqwest::{Client, Proxy, Url};

/// Requests to different hosts have different passwords, and share no circuit.
fn isolated_by_host(proxy: Url) -> Proxy {
    Proxy::custom(move |url| {
        let mut proxy = proxy.clone();
        proxy.set_username("<torS0X>0").ok()?;
        proxy.set_password(Some(url.host_str()?)).ok()?;
        Some(proxy)
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, targets) = local::proxy_and_targets(local::https_website)?;
    let proxy = isolated_by_host(proxy.parse()?);
    let client = Client::builder().proxy(proxy).tls_backend_preconfigured(local::tls()?).build()?;

    for target in targets {
        let response = client.get(format!("https://{target}/")).send().await?.error_for_status()?;
        local::check(&response.text().await?)?;
    }
    local::check_logins(&[("<torS0X>0", "hello.invalid"), ("<torS0X>0", "again.invalid")])?;
    Ok(())
}
