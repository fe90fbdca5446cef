use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HOST: &[u8] = b"www.example.com";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<()> {
    let proxy: SocketAddr = ([127, 0, 0, 1], 1080).into();
    let mut stream = connect(proxy).await?;
    stream.write_all(b"hello").await
}

async fn connect(proxy: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(proxy).await?;
    stream.write_all(&[5, 1, 0]).await?;
    let mut selection = [0; 2];
    stream.read_exact(&mut selection).await?;
    if selection != [5, 0] {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    let request = [&[5, 1, 0, 3, HOST.len() as u8], HOST, &443_u16.to_be_bytes()].concat();
    stream.write_all(&request).await?;
    let mut reply = [0; 5];
    stream.read_exact(&mut reply).await?;
    let rest = match reply {
        [5, 0, _, 1, _] => 5,
        [5, 0, _, 4, _] => 17,
        [5, 0, _, 3, len] => usize::from(len) + 2,
        _ => return Err(ErrorKind::ConnectionRefused.into()),
    };
    stream.read_exact(&mut [0; 257][..rest]).await?;
    Ok(stream)
}
