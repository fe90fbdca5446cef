//! TLS over a blocking socket, for the probe.

use crate::tls_failure::{of_handshake, of_stream};
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;

pub(crate) struct TlsStream(StreamOwned<ClientConnection, TcpStream>);

/// Performs the TLS handshake.
pub(crate) fn handshake(mut tls: ClientConnection, mut stream: TcpStream) -> io::Result<TlsStream> {
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).map_err(of_handshake)?;
    }
    Ok(TlsStream(StreamOwned::new(tls, stream)))
}

impl Read for TlsStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf).map_err(of_stream)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(of_stream)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(of_stream)
    }
}
