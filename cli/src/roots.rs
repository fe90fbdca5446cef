//! The system's roots.

use rustls::RootCertStore;
use std::error::Error;

/// Returns the certificates that this system trusts.
pub(crate) fn roots() -> Result<RootCertStore, Box<dyn Error>> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        return Err(format!("this system has no trusted certificates{reasons}: see --ca").into());
    }
    Ok(roots)
}
