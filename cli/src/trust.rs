//! Which certificates of a proxy behind TLS are accepted.
//!
//! The example `examples/rustls/probe` shares this file by its path. So it uses no module of the
//! program but `roots`, which the example has too, and limits the length of a file itself.

use crate::roots::roots;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::error::Error as StdError;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file of `--ca`. The list of a system has less than one mebibyte.
const MOST_MEBIBYTES: u64 = 16;

#[derive(Default)]
pub(crate) enum Trust {
    /// Certificates that lead to one of the roots.
    #[default]
    Roots,
    /// The certificates in a PEM file, and those that lead to one of them.
    File(PathBuf),
    Anything,
}

impl Trust {
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, Box<dyn StdError>> {
        let provider = Arc::new(ring::default_provider());
        let accepted = match self {
            Self::Roots => Accepted::Listed(Vec::new(), verifier(roots()?, &provider)?),
            Self::File(path) => {
                let listed = file(path).map_err(|wrong| format!("--ca {}: {wrong}", path.display()))?;
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(listed.iter().cloned());
                if roots.is_empty() {
                    return Err(format!("--ca {}: no certificate in PEM form", path.display()).into());
                }
                Accepted::Listed(listed, verifier(roots, &provider)?)
            }
            Self::Anything => Accepted::Anything,
        };
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { provider, accepted }))
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Box<dyn StdError>> {
    Ok(WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone()).build()?)
}

/// Reads the certificates of a PEM file.
fn file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Box<dyn StdError>> {
    let mut text = Vec::new();
    // A device such as `/dev/zero` has no end.
    let len = File::open(path)?.take((MOST_MEBIBYTES << 20) + 1).read_to_end(&mut text)?;
    if len as u64 > MOST_MEBIBYTES << 20 {
        return Err(format!("more than {MOST_MEBIBYTES} MiB").into());
    }
    let certificates: Result<_, _> = CertificateDer::pem_slice_iter(&text).collect();
    certificates.map_err(|error| in_words(&error).into())
}

/// Returns what is wrong with a PEM file. The texts of the library have bytes as numbers.
fn in_words(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a certificate is cut off before its END line".into(),
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed".into(),
        pem::Error::Base64Decode(_) => "a certificate is not in base64".into(),
        other => other.to_string(),
    }
}

/// The verifier checks the dates of a certificate before it searches a path to a root.
fn is_about_dates(error: &Error) -> bool {
    let Error::InvalidCertificate(error) = error else { return false };
    matches!(
        error,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    accepted: Accepted,
}

#[derive(Debug)]
enum Accepted {
    Anything,
    /// The certificates that the verifier accepts, and these ones if their names and dates are
    /// right. `openssl req -x509` marks its certificates as a CA's, which the verifier rejects as a
    /// server's.
    Listed(Vec<CertificateDer<'static>>, Arc<WebPkiServerVerifier>),
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.accepted {
            Accepted::Listed(listed, usual) => {
                match usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                    Err(error) if listed.contains(end_entity) && !is_about_dates(&error) => {
                        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                        Ok(ServerCertVerified::assertion())
                    }
                    checked => checked,
                }
            }
            Accepted::Anything => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
