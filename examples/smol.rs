//! The smol front end.
//!
//! `cargo run --example smol --features smol [-- proxy target]`

mod local;

use anysocks::smol::Socks5Stream;
use smol::io::{AsyncReadExt, AsyncWriteExt};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target()?;

    let page = smol::block_on(async {
        let mut stream = Socks5Stream::connect(&proxy, &target).await?;
        stream.write_all(&local::get(&target)).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        Ok::<_, Box<dyn std::error::Error>>(page)
    })?;

    println!("{page}");
    Ok(())
}
