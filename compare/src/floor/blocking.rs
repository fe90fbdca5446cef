//! On the sockets of std, whose callers block.

use super::{
    NO_AUTH, NO_AUTH_OR_PASSWORD, expect, password, refused, reply_length, request, socks4a_request,
};
use std::io::{Read, Result, Write};
use std::net::TcpStream;

pub(crate) fn socks5(mut stream: TcpStream) -> Result<TcpStream> {
    stream.write_all(NO_AUTH)?;
    expect(answer(&mut stream)?, [5, 0])?;
    connect(&mut stream)?;
    Ok(stream)
}

pub(crate) fn socks5_with_password(mut stream: TcpStream) -> Result<TcpStream> {
    stream.write_all(NO_AUTH_OR_PASSWORD)?;
    expect(answer(&mut stream)?, [5, 2])?;
    stream.write_all(password().bytes())?;
    expect(answer(&mut stream)?, [1, 0])?;
    connect(&mut stream)?;
    Ok(stream)
}

pub(crate) fn socks4a(mut stream: TcpStream) -> Result<TcpStream> {
    stream.write_all(socks4a_request().bytes())?;
    let mut reply = [0; 8];
    stream.read_exact(&mut reply)?;
    if reply[..2] == [0, 90] { Ok(stream) } else { Err(refused()) }
}

fn connect(stream: &mut TcpStream) -> Result<()> {
    stream.write_all(request().bytes())?;
    let mut start = [0; 10];
    stream.read_exact(&mut start)?;
    // For an IPv4 address there is no rest.
    let rest = reply_length(&start)? - start.len();
    stream.read_exact(&mut [0; 255][..rest])
}

fn answer(stream: &mut TcpStream) -> Result<[u8; 2]> {
    let mut answer = [0; 2];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
