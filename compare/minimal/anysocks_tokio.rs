use std::error::Error;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let proxy: SocketAddr = ([127, 0, 0, 1], 1080).into();
    let mut stream = anysocks::tokio::Socks5Stream::connect(proxy, "www.example.com:443").await?;
    Ok(stream.write_all(b"hello").await?)
}
