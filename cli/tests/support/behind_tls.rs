//! Certificates, and scripted proxies behind TLS.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use crate::support::{Scripted, grant, request, rest};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

/// A certificate for `localhost`, and the file that has it.
pub(crate) struct Certificate {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) path: PathBuf,
}

impl Certificate {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(crate) fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        // A certificate of the same name would count as the issuer of this one.
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let signing_key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        let path = std::env::temp_dir().join(format!("anysocks-cli-{}-{name}.pem", std::process::id()));
        fs::write(&path, cert.pem()).expect("a file");
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key.into())
            });
        Self { config: Arc::new(config.expect("a configuration")), path }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }

    /// A proxy that speaks TLS first.
    pub(crate) fn proxy(&self, serve: fn(Tls)) -> Scripted<()> {
        let config = Arc::clone(&self.config);
        Scripted::start(move |client| {
            let tls = ServerConnection::new(config).expect("a configuration");
            serve(StreamOwned::new(tls, client));
        })
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

pub(crate) type Tls = StreamOwned<ServerConnection, TcpStream>;

/// Both directions end with TLS's own message.
pub(crate) fn exchange(mut client: Tls) {
    grant(&mut client, &request(1, "example.com", 80));
    assert_eq!(rest(&mut client), b"hello");
    client.write_all(b"goodbye").expect("an open direction");
    client.conn.send_close_notify();
    client.flush().expect("an open direction");
}

pub(crate) fn url(proxy: &Scripted<()>) -> String {
    format!("socks5h+tls://localhost:{}", proxy.addr.port())
}
