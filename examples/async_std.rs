//! The async-std front end.
//!
//! `cargo run --example async_std --features async-std [-- proxy target]`

mod local;

use anysocks::async_std::Socks5Stream;
use async_std::io::{ReadExt, WriteExt};

#[async_std::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target()?;

    let mut stream = Socks5Stream::connect(&proxy, &target).await?;
    stream.write_all(&local::get(&target)).await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;

    println!("{page}");
    Ok(())
}
