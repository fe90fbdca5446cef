//! A web server on loopback, with a certificate of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::destinations::NAME;
use crate::resources::{free_port, loopback};
use crate::tornet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// It serves until it is dropped.
pub(crate) struct Web {
    /// On both loopback addresses.
    pub(crate) port: u16,
    /// The root to trust, and the server's own.
    pub(crate) certificate: Vec<u8>,
    _runtime: Runtime,
}

/// The protocol that the server agrees to speak (RFC 7301).
pub(crate) const HTTP_1: &[u8] = b"http/1.1";
pub(crate) const HTTP_2: &[u8] = b"h2";

impl Web {
    /// Answers each request with the number of its connection and its path.
    pub(crate) fn start(protocol: &'static [u8]) -> Result<Self, Failure> {
        let names = [NAME, "127.0.0.1", tornet::NAME].map(str::to_owned);
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
        let certificate = cert.der().clone();
        let config = config(certificate.clone(), signing_key.serialize_der().into(), protocol)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let port = free_port()?;
        for address in loopback(port) {
            let listener = runtime.block_on(TcpListener::bind(address))?;
            runtime.spawn(accept(listener, acceptor.clone(), connections.clone()));
        }
        Ok(Self { port, certificate: certificate.to_vec(), _runtime: runtime })
    }
}

fn config(
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    protocol: &[u8],
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, connections: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        let acceptor = acceptor.clone();
        // How a client leaves is its own affair; what it missed shows at its end.
        tokio::spawn(async move { serve(stream, acceptor, number).await });
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, number: usize) -> Result<(), Failure> {
    let stream = acceptor.accept(stream).await?;
    let service = service_fn(move |request: Request<Incoming>| async move {
        let page = format!("{number} {}", request.uri().path());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(page)))
    });
    if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) {
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await?;
    } else {
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    }
    Ok(())
}
