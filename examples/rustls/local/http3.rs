//! A small HTTP/3 server with a self-signed certificate.

use super::local;
use bytes::Bytes;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

/// Starts the server on a free port. It runs until the process ends. The certificate is for
/// `localhost`.
pub(crate) fn website() -> Result<(SocketAddr, CertificateDer<'static>), Box<dyn Error>> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let builder = rustls::ServerConfig::builder().with_no_client_auth();
    let mut tls = builder.with_single_cert(vec![certificate.clone()], key)?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));

    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let addr = socket.local_addr()?;
    local::in_background(async move {
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
        while let Some(incoming) = endpoint.accept().await {
            tokio::spawn(async move {
                if let Err(error) = serve(incoming).await {
                    eprintln!("the HTTP/3 server in this process: {error}");
                }
            });
        }
        Ok(())
    })?;
    Ok((addr, certificate))
}

/// Answers every request of a connection with the same page.
async fn serve(incoming: Incoming) -> Result<(), Box<dyn Error>> {
    let connection = h3_quinn::Connection::new(incoming.await?);
    let mut connection = h3::server::Connection::<_, Bytes>::new(connection).await?;
    loop {
        let request = match connection.accept().await {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) if error.is_h3_no_error() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let (_, mut stream) = request.resolve_request().await?;
        stream.send_response(http::Response::new(())).await?;
        stream.send_data(Bytes::from_static(b"Hello through the proxy.\n")).await?;
        stream.finish().await?;
    }
}
