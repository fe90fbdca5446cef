use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;

fn main() -> Result<(), Box<dyn Error>> {
    let proxy: SocketAddr = ([127, 0, 0, 1], 1080).into();
    let mut stream = socks::Socks5Stream::connect(proxy, ("www.example.com", 443))?;
    Ok(stream.write_all(b"hello")?)
}
