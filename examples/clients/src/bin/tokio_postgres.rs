//! [tokio-postgres](https://docs.rs/tokio-postgres): a connection over any stream. For TLS,
//! replace `NoTls` with one of its connectors.
//!
//! `cargo run --bin tokio_postgres [-- proxy-url target]`

use anysocks::tokio::Socks5Stream;
use tokio_postgres::{Config, NoTls};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::postgres)?;

    let stream = Socks5Stream::connect(&proxy, &target).await?;
    let mut config = Config::new();
    config.user("postgres").dbname("postgres");
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    let driver = tokio::spawn(connection);

    let row = client.query_one("SELECT $1::text", &[&local::GREETING]).await?;
    local::check(row.try_get(0)?)?;
    drop(client);
    driver.await??;
    Ok(())
}
