//! Where nothing but Tor's isolation of circuits is wanted, [reqwest](https://docs.rs/reqwest)'s own SOCKS client can do it: a proxy URL
//! for each host, with a user name and a password in the form of Tor's extensions.
//!
//! `cargo run --bin reqwest_isolated [-- proxy-url target]`

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
    let (proxy, target) = local::proxy_and_target(local::https_website)?;
    let proxy = isolated_by_host(proxy.parse()?);
    let client = Client::builder().proxy(proxy).tls_backend_preconfigured(local::tls()?).build()?;

    let page = client.get(format!("https://{target}/")).send().await?.error_for_status()?.text().await?;
    local::check(&page)?;

    // The proxy in this process tells what it has been asked.
    for asked in local::requests() {
        assert_eq!((&*asked.user, asked.password), ("<torS0X>0", asked.host));
    }
    Ok(())
}
