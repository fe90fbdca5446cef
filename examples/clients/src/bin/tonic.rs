//! gRPC by [tonic](https://docs.rs/tonic), whose channels accept any connector service.
//! `Connector` is one.
//!
//! `cargo run --bin tonic [-- proxy-url target]`

use anysocks::{Chain, tokio::Connector};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::health)?;
    let connector = Connector::new(proxy.parse::<Chain>()?);

    let channel = Endpoint::try_from(format!("http://{target}"))?.connect_with_connector(connector).await?;
    let response = HealthClient::new(channel).check(HealthCheckRequest::default()).await?;

    let status = response.into_inner().status();
    local::check_is(status.as_str_name(), ServingStatus::Serving.as_str_name())?;
    Ok(())
}
