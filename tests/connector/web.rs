//! A SOCKS server and web servers in this process.

use anysocks::Proxy;
use fast_socks5::server::{DnsResolveHelper, Socks5ServerProtocol, SocksServerError, run_tcp_proxy};
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A listener, and how many have come.
struct Counted {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Counted {
    async fn start<W: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> W + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(client));
            }
        });
        Self { addr, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A real SOCKS5 server.
pub(crate) struct Proxied(Counted);

impl Proxied {
    pub(crate) async fn start() -> Self {
        let served = |client| async {
            if let Err(error) = proxied(client).await {
                eprintln!("the SOCKS server: {error}");
            }
        };
        Self(Counted::start(served).await)
    }

    pub(crate) fn proxy(&self) -> Proxy {
        Proxy::socks5(self.0.addr).expect("a proxy")
    }

    pub(crate) fn connections(&self) -> usize {
        self.0.connections()
    }
}

async fn proxied(client: TcpStream) -> Result<(), SocksServerError> {
    let request = Socks5ServerProtocol::accept_no_auth(client).await?.read_command().await?;
    let (request, _, target) = request.resolve_dns().await?;
    run_tcp_proxy(request, &target, Duration::from_secs(10), true).await.map(drop)
}

/// A web server that answers with the request's version, its target, and the host.
pub(crate) struct Website {
    pub(crate) addr: SocketAddr,
    server: Counted,
}

impl Website {
    pub(crate) async fn start(tls: Option<Arc<Tls>>) -> Self {
        let server = Counted::start(move |client| {
            let tls = tls.clone();
            async move {
                match tls {
                    None => serve(client, false).await,
                    Some(tls) => {
                        let stream = tls.acceptor().accept(client).await.expect("a client with TLS");
                        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        serve(stream, h2).await;
                    }
                }
            }
        })
        .await;
        Self { addr: server.addr, server }
    }

    pub(crate) fn connections(&self) -> usize {
        self.server.connections()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, h2: bool) {
    let stream = TokioIo::new(stream);
    let served = if h2 {
        http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service_fn(answer)).await
    } else {
        http1::Builder::new().serve_connection(stream, service_fn(answer)).await
    };
    if let Err(error) = served {
        eprintln!("the web server: {error}");
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = match request.version() {
        Version::HTTP_2 => request.uri().authority().map(ToString::to_string),
        _ => request.headers().get("host").map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned()),
    };
    let text = format!("{:?} {} {}", request.version(), request.uri(), host.unwrap_or_default());
    Ok(Response::new(Full::new(Bytes::from(text))))
}

/// A self-signed certificate, and the clients that trust it.
pub(crate) struct Tls {
    certificate: CertificateDer<'static>,
    server: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificate = own.cert.der().clone();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("a certificate and its key");
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { certificate, server: Arc::new(server) }
    }

    fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.server).into()
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}
