//! The connection to the proxy: TCP or TLS, with one time limit over everything.

use crate::in_time::InTime;
use crate::prober::LIMIT;
use anysocks::Proxy;
use anysocks::blocking::dial;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned};
use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

/// Connects to the proxy, as often as there are questions.
pub(crate) struct Dialler {
    /// Without credentials: only its endpoint counts.
    pub(crate) proxy: Proxy,
    /// Where the proxy is behind TLS: how to trust it, and its name.
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

pub(crate) enum Wire {
    Tcp(InTime),
    Tls(Box<StreamOwned<ClientConnection, InTime>>),
}

/// There is no TLS connection to the proxy.
#[derive(Debug)]
pub(crate) struct TlsFailed(io::Error);

impl Dialler {
    pub(crate) fn dial(&self) -> Result<Wire, Box<dyn StdError>> {
        let until = Some(Instant::now() + LIMIT);
        let mut stream = InTime { stream: dial(&self.proxy)?, until };
        let Some((config, name)) = &self.tls else { return Ok(Wire::Tcp(stream)) };
        let mut tls = ClientConnection::new(config.clone(), name.clone())?;
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).map_err(TlsFailed)?;
        }
        Ok(Wire::Tls(Box::new(StreamOwned::new(tls, stream))))
    }
}

impl TlsFailed {
    /// Whether the proxy's certificate was rejected.
    pub(crate) fn is_about_trust(&self) -> bool {
        let error = self.0.get_ref().and_then(|error| error.downcast_ref());
        matches!(error, Some(rustls::Error::InvalidCertificate(_)))
    }
}

impl Wire {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Tcp(wire) => &wire.stream,
            Self::Tls(wire) => &wire.sock.stream,
        }
    }

    /// The address from which this machine reaches the proxy. A Unix-domain socket leads to a
    /// proxy on this machine.
    pub(crate) fn local_ip(&self) -> IpAddr {
        self.socket().local_addr().map_or(Ipv4Addr::LOCALHOST.into(), |addr| addr.ip().to_canonical())
    }

    /// The proxy's address.
    pub(crate) fn proxy_ip(&self) -> IpAddr {
        self.socket().peer_addr().map_or(Ipv4Addr::LOCALHOST.into(), |addr| addr.ip().to_canonical())
    }

    /// The version of TLS that was agreed on.
    pub(crate) fn tls_version(&self) -> Option<&'static str> {
        let Self::Tls(wire) = self else { return None };
        Some(match wire.conn.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS",
        })
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(wire) => wire.read(buf),
            Self::Tls(wire) => wire.read(buf),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(wire) => wire.write(buf),
            Self::Tls(wire) => wire.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(wire) => wire.flush(),
            Self::Tls(wire) => wire.flush(),
        }
    }
}

impl fmt::Display for TlsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TLS handshake failed")
    }
}

impl StdError for TlsFailed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}
