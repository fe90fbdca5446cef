//! The tokio front end, with the stream's two halves in two tasks.
//!
//! `cargo run --example tokio [-- proxy target]`

mod local;

use anysocks::tokio::Socks5Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target()?;

    let stream = Socks5Stream::connect(&proxy, &target).await?;
    let (mut read, mut write) = stream.into_split()?;
    let asked = tokio::spawn(async move {
        write.write_all(&local::get(&target)).await?;
        // Dropping this half would send a FIN, and some servers then close the connection.
        Ok::<_, std::io::Error>(write)
    });
    let mut page = String::new();
    read.read_to_string(&mut page).await?;
    drop(asked.await??);

    println!("{page}");
    Ok(())
}
