//! The QUIC server that the endpoints talk to, and what its clients have to know of it.

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, Incoming, ServerConfig};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

/// The name in the certificate.
pub(crate) const NAME: &str = "peer.example";

/// Echoes each stream, each on all of its addresses.
pub(crate) struct Peer {
    pub(crate) addrs: Vec<SocketAddr>,
    certificate: CertificateDer<'static>,
}

impl Peer {
    pub(crate) fn start(ips: &[&str]) -> Self {
        let own = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let certificate = own.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let config = ServerConfig::with_single_cert(vec![certificate.clone()], key).expect("a configuration");
        let listen = |ip: &&str| {
            let addr = SocketAddr::new(ip.parse().expect("an address"), 0);
            let endpoint = Endpoint::server(config.clone(), addr).expect("a port");
            let addr = endpoint.local_addr().expect("an address");
            tokio::spawn(async move {
                while let Some(incoming) = endpoint.accept().await {
                    tokio::spawn(serve(incoming));
                }
            });
            addr
        };
        Self { addrs: ips.iter().map(listen).collect(), certificate }
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).expect("TLS 1.3")))
    }

    pub(crate) async fn connect(&self, endpoint: &Endpoint, addr: SocketAddr) -> Connection {
        endpoint.connect_with(self.config(), addr, NAME).expect("an endpoint").await.expect("a connection")
    }
}

async fn serve(incoming: Incoming) {
    // A connection ends with an error, however well it went.
    let served: Result<(), Box<dyn Error + Send + Sync>> = async {
        let connection = incoming.await?;
        loop {
            let (mut send, mut receive) = connection.accept_bi().await?;
            tokio::spawn(async move {
                while let Ok(Some(chunk)) = receive.read_chunk(usize::MAX, true).await {
                    if send.write_chunk(chunk.bytes).await.is_err() {
                        return;
                    }
                }
                let _ = send.finish();
            });
        }
    }
    .await;
    drop(served);
}

/// Sends the bytes on a new stream, and receives the echo to its end.
pub(crate) async fn echo(connection: &Connection, bytes: &[u8]) -> Vec<u8> {
    let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
    let sending = async {
        send.write_all(bytes).await.expect("a peer that reads");
        send.finish().expect("an open stream");
    };
    let ((), heard) = tokio::join!(sending, receive.read_to_end(2 * bytes.len() + 1));
    heard.expect("a peer that answers")
}
