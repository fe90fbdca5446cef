//! HTTPS by [hyper-util](https://docs.rs/hyper-util)'s client. The connector is a service, and
//! hyper-rustls wraps it. ALPN chooses HTTP/2 or HTTP/1.1.
//!
//! `cargo run --bin hyper_rustls [-- proxy-url target]`

use anysocks::hyper::BoundAddr;
use anysocks::{Chain, tokio::Connector};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::https_website)?;
    let connector = Connector::new(proxy.parse::<Chain>()?);

    let https =
        HttpsConnectorBuilder::new().with_tls_config(local::tls()?).https_only().enable_all_versions();
    let connector = https.wrap_connector(connector);
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<&[u8]>>(connector);

    let response = client.get(format!("https://{target}/").parse()?).await?;
    if let Some(BoundAddr(addr)) = response.extensions().get() {
        println!("the proxy reports the bound address {addr}");
    }
    local::check_is(format!("{:?}", response.version()), "HTTP/2.0")?;
    local::check(&String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)?;
    Ok(())
}
