//! [redis](https://docs.rs/redis): a multiplexed connection over any stream.
//!
//! `cargo run --bin redis [-- proxy-url target]`

use anysocks::tokio::Socks5Stream;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, RedisConnectionInfo};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::redis)?;

    let stream = Socks5Stream::connect(&proxy, &target).await?;
    let info = RedisConnectionInfo::default();
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(10)));
    let (mut connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config).await?;
    let driver = tokio::spawn(driver);

    let () = connection.set_ex("anysocks:greeting", local::GREETING, 60).await?;
    let greeting: String = connection.get("anysocks:greeting").await?;
    local::check(&greeting)?;
    drop(connection);
    driver.await?;
    Ok(())
}
