//! TLS to a proxy (`socks5h+tls://`).

use crate::failure::Failure;
use crate::stream::{AnyConnector, Stream};
use crate::tls_failure::{self, TlsFailure};
use crate::trust::Trust;
use anysocks::tokio::Connector;
use anysocks::{Endpoint, Proxy};
use clap::Args;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// TLS to the proxy.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "TLS to the proxy")]
pub(crate) struct TlsOptions {
    /// Trust the certificates in this PEM file, in place of the system's. It can contain the
    /// certificate of the proxy itself, whose name and dates are checked too.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// Expect this name in the certificate, if it is not the URL's host.
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    server_name: Option<ServerName<'static>>,
    /// Accept every certificate. An attacker on the path can then read the password.
    #[arg(long)]
    insecure: bool,
}

impl TlsOptions {
    /// Fails if an option has no effect.
    pub(crate) fn check(&self, is_behind_tls: bool) -> Result<(), Failure> {
        let option = match self {
            _ if is_behind_tls => return Ok(()),
            Self { ca: Some(_), .. } => "--ca",
            Self { server_name: Some(_), .. } => "--server-name",
            Self { insecure: true, .. } => "--insecure",
            _ => return Ok(()),
        };
        Err(Failure::mistake(format!("{option} needs a proxy behind TLS: socks5h+tls://host:port")))
    }

    fn trust(&self) -> Trust {
        match &self.ca {
            Some(path) => Trust::File(path.clone()),
            None if self.insecure => Trust::Anything,
            None => Trust::Roots,
        }
    }

    /// Returns the name that the certificate of the proxy must have.
    fn name(&self, proxy: &Proxy) -> io::Result<ServerName<'static>> {
        match (&self.server_name, proxy.endpoint()) {
            (Some(name), _) => Ok(name.clone()),
            (None, Endpoint::Addr(addr)) => Ok(addr.ip().into()),
            (None, Endpoint::Name(name, _)) => ServerName::try_from(name.as_str().to_owned()).map_err(|_| {
                TlsFailure::set_up(format!("no certificate can be one for {name:?}: see --server-name"))
            }),
            (None, _) => ServerName::try_from("localhost").map_err(io::Error::other),
        }
    }
}

fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// The configuration, which is read when the first proxy behind TLS is connected to.
#[derive(Clone)]
pub(crate) struct Tls {
    options: TlsOptions,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Tls {
    /// Fails if the file of `--ca` can't be read. If the proxy is certainly behind TLS, fails
    /// without the system's certificates too.
    pub(crate) fn new(options: &TlsOptions, is_certain: bool) -> Result<Self, Failure> {
        let tls = Self { options: options.clone(), config: Arc::default() };
        if is_certain || options.ca.is_some() {
            tls.config().map_err(Failure::io)?;
        }
        Ok(tls)
    }

    fn config(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = self.options.trust().config().map_err(|error| TlsFailure::set_up(error.to_string()))?;
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    /// Returns the configuration, and the name that the certificate must have.
    pub(crate) fn to(&self, proxy: &Proxy) -> io::Result<(Arc<ClientConfig>, ServerName<'static>)> {
        Ok((self.config()?, self.options.name(proxy)?))
    }

    /// Returns the connector with TLS to the proxies that require it.
    pub(crate) fn wrapped(self, connector: Connector) -> AnyConnector {
        connector.wrapped(move |stream, proxy| {
            let parameters = proxy.filter(|proxy| proxy.is_behind_tls()).map(|proxy| self.to(proxy));
            wrap(stream, parameters)
        })
    }
}

async fn wrap(
    stream: TcpStream,
    parameters: Option<io::Result<(Arc<ClientConfig>, ServerName<'static>)>>,
) -> io::Result<Stream> {
    match parameters {
        None => Ok(Stream::Plain(stream)),
        Some(parameters) => {
            let (config, name) = parameters?;
            let connected = TlsConnector::from(config).connect(name, stream).await;
            connected.map(|stream| Stream::Tls(stream.into())).map_err(tls_failure::of_handshake)
        }
    }
}
