use std::io::{ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};

const HOST: &[u8] = b"www.example.com";

fn main() -> Result<()> {
    let proxy: SocketAddr = ([127, 0, 0, 1], 1080).into();
    let mut stream = connect(proxy)?;
    stream.write_all(b"hello")
}

fn connect(proxy: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(proxy)?;
    stream.write_all(&[5, 1, 0])?;
    let mut selection = [0; 2];
    stream.read_exact(&mut selection)?;
    if selection != [5, 0] {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    let request = [&[5, 1, 0, 3, HOST.len() as u8], HOST, &443_u16.to_be_bytes()].concat();
    stream.write_all(&request)?;
    let mut reply = [0; 5];
    stream.read_exact(&mut reply)?;
    let rest = match reply {
        [5, 0, _, 1, _] => 5,
        [5, 0, _, 4, _] => 17,
        [5, 0, _, 3, len] => usize::from(len) + 2,
        _ => return Err(ErrorKind::ConnectionRefused.into()),
    };
    stream.read_exact(&mut [0; 257][..rest])?;
    Ok(stream)
}
