//! TLS to the proxy.

use crate::arguments::Arguments;
use anysocks::probe::{Failure, Probe};
use anysocks::{Endpoint, Proxy};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned};
use std::error::Error;
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

/// The version of TLS, once a handshake has agreed on one.
pub(crate) type Agreed = Arc<OnceLock<&'static str>>;

/// Adds TLS to the probe of a proxy behind TLS.
pub(crate) fn wrapped(
    probe: Probe,
    proxy: &Proxy,
    arguments: &Arguments,
    agreed: &Agreed,
) -> Result<Probe, Box<dyn Error>> {
    if !proxy.is_behind_tls() {
        return match arguments.tls_option {
            Some(option) => Err(format!("{option} needs a proxy behind TLS: socks5h+tls://host:port").into()),
            None => Ok(probe),
        };
    }
    let (config, name) = (arguments.trust.config()?, server_name(proxy, arguments)?);
    let agreed = Arc::clone(agreed);
    Ok(probe.wrapped(move |stream, _| {
        let wrapped = handshake(stream, &config, name.clone())?;
        agreed.get_or_init(|| version(&wrapped.conn));
        Ok(wrapped)
    }))
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn handshake(
    mut stream: TcpStream,
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
) -> io::Result<Tls> {
    let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(tls, stream))
}

fn version(tls: &ClientConnection) -> &'static str {
    match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS",
    }
}

fn server_name(proxy: &Proxy, arguments: &Arguments) -> Result<ServerName<'static>, Box<dyn Error>> {
    Ok(match (&arguments.server_name, proxy.endpoint()) {
        (Some(name), _) => {
            ServerName::try_from(name.clone()).map_err(|error| format!("--server-name: {error}"))?
        }
        (None, Endpoint::Addr(addr)) => addr.ip().into(),
        (None, Endpoint::Name(name, _)) => ServerName::try_from(name.as_str().to_owned())?,
        (None, _) => ServerName::try_from("localhost")?,
    })
}

/// Whether the proxy's certificate was rejected.
pub(crate) fn is_about_trust(failure: &Failure) -> bool {
    let Failure::Wrapper(error) = failure else { return false };
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rustls::Error::InvalidCertificate(_)))
}
