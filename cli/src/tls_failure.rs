//! Why TLS to a proxy failed, in words for people who do not write Rust.

use rustls::{CertificateError, Error};
use std::{error, fmt, io};

/// A failure of TLS, inside of an [`io::Error`].
#[derive(Debug)]
pub(crate) struct TlsFailure {
    text: String,
    is_set_up: bool,
}

impl TlsFailure {
    /// A mistake of this machine's set-up or of an option. Nothing was sent.
    pub(crate) fn set_up(text: impl Into<String>) -> io::Error {
        io::Error::other(Self { text: text.into(), is_set_up: true })
    }

    /// Returns whether this error is a mistake of this machine's set-up or of an option.
    pub(crate) fn is_set_up(error: &io::Error) -> bool {
        error.get_ref().and_then(|inner| inner.downcast_ref()).is_some_and(|failure: &Self| failure.is_set_up)
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for TlsFailure {}

/// Explains an error of the TLS handshake.
pub(crate) fn of_handshake(error: io::Error) -> io::Error {
    explained(error, "the proxy closed the connection during the TLS handshake")
}

/// Explains an error after the TLS handshake.
pub(crate) fn of_stream(error: io::Error) -> io::Error {
    explained(error, "the proxy closed the connection without the end of TLS: the data may be incomplete")
}

fn explained(error: io::Error, at_end: &str) -> io::Error {
    let text = match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(tls) => sentence(tls),
        None if error.kind() == io::ErrorKind::UnexpectedEof => at_end.to_owned(),
        None => return error,
    };
    io::Error::new(error.kind(), TlsFailure { text, is_set_up: false })
}

fn sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => {
            format!("the proxy's certificate is not trusted ({}){}", certificate(error), advice(error))
        }
        Error::NoCertificatesPresented => "the proxy sent no certificate".into(),
        Error::InvalidMessage(_) => "the answer of the proxy is not TLS".into(),
        Error::PeerIncompatible(_) => {
            "the proxy has no version or cipher suite of TLS in common with this program".into()
        }
        Error::AlertReceived(alert) => format!("the proxy ended TLS with the alert {alert:?}"),
        other => other.to_string(),
    }
}

/// Returns which options help. None of them accepts a certificate of other dates, for example.
fn advice(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer
        | CertificateError::NotValidForName
        | CertificateError::NotValidForNameContext { .. } => ": see --ca and --server-name",
        other if is_ca_as_server(other) => ": see --ca and --server-name",
        _ => "",
    }
}

/// The type of this error is one of a crate that rustls does not export.
fn is_ca_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

/// Returns what is wrong with a certificate.
fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "its issuer is unknown".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".into()
        }
        CertificateError::NotValidForNameContext { expected, .. } => {
            format!("it is not one for {}", expected.to_str())
        }
        CertificateError::NotValidForName => "it is one for another name".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not one of a server".into()
        }
        CertificateError::BadEncoding => "it is malformed".into(),
        CertificateError::BadSignature => "its signature is wrong".into(),
        other if is_ca_as_server(other) => "it is one of a CA, and not in --ca".into(),
        other => other.to_string(),
    }
}
