//! Mozilla's roots.

use rustls::RootCertStore;
use std::error::Error;

#[allow(
    clippy::unnecessary_wraps,
    reason = "the system's roots, which the program `anysocks` takes, may be missing"
)]
pub(crate) fn roots() -> Result<RootCertStore, Box<dyn Error>> {
    Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
}
