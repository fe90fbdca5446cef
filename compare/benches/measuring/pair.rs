//! A TCP connection to this process.

use std::io::Result;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

pub(crate) fn pair() -> Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}
