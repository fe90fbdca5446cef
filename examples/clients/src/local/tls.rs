//! An HTTPS server with one page and a self-signed certificate, for HTTP/1.1 and HTTP/2.

use super::background::for_each_client;
use super::website::GREETING;
use hyper::Response;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::generate_simple_self_signed;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

static CERTIFICATE: OnceLock<CertificateDer<'static>> = OnceLock::new();

/// Starts the server and returns its port.
///
/// # Errors
///
/// The certificate can't be made, or the system has no free port or thread.
pub fn https_website() -> io::Result<u16> {
    let made = generate_simple_self_signed(["hello.invalid", "again.invalid"].map(str::to_owned))
        .map_err(io::Error::other)?;
    let certificate = CERTIFICATE.get_or_init(|| made.cert.der().clone());
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate.clone()], key).map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    for_each_client(move |client| {
        let accepting = acceptor.accept(client);
        async {
            let page = service_fn(|_| async { Ok::<_, Infallible>(Response::new(GREETING.to_owned())) });
            let server = auto::Builder::new(TokioExecutor::new());
            server.serve_connection(TokioIo::new(accepting.await?), page).await
        }
    })
}

/// Returns a client configuration that trusts the public roots and, if the server above was
/// started, its certificate.
///
/// # Errors
///
/// The server's certificate is not accepted.
pub fn tls() -> Result<ClientConfig, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(certificate) = CERTIFICATE.get() {
        roots.add(certificate.clone())?;
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// The same as [`tls`], for the system's TLS library.
///
/// # Errors
///
/// The server's certificate is not accepted, or the system has no such library.
#[cfg(feature = "native-tls")]
pub fn native_tls() -> native_tls::Result<native_tls::TlsConnector> {
    let mut client = native_tls::TlsConnector::builder();
    if let Some(certificate) = CERTIFICATE.get() {
        client.add_root_certificate(native_tls::Certificate::from_der(certificate)?);
    }
    client.build()
}
