//! A SOCKS server behind TLS, with a self-signed certificate.

use crate::local::{in_background, serve};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Starts the server on a free port. It runs until the process ends. Returns its address, and a
/// client configuration that trusts its certificate.
pub(crate) fn proxy() -> Result<(SocketAddr, Arc<ClientConfig>), Box<dyn Error>> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    in_background(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (client, _) = listener.accept().await?;
        serve(acceptor.accept(client).await?).await;
        Ok(())
    })?;

    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let trusting = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok((addr, Arc::new(trusting)))
}
