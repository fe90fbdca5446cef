//! HTTPS by [hyper-util](https://docs.rs/hyper-util)'s client, with the system's TLS library:
//! hyper-tls wraps the connector. Its feature `alpn` enables HTTP/2.
//!
//! `cargo run --bin hyper_tls [-- proxy-url target]`

use anysocks::{Chain, tokio::Connector};
use http_body_util::{BodyExt, Empty};
use hyper_tls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::https_website)?;
    let connector = Connector::new(proxy.parse::<Chain>()?);

    let mut connector = HttpsConnector::from((connector, local::native_tls()?.into()));
    connector.https_only(true);
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<&[u8]>>(connector);

    let response = client.get(format!("https://{target}/").parse()?).await?;
    local::check(&String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)?;
    Ok(())
}
