//! The mechanism of URLs, in a build without one.

use super::mechanism::Mechanism;
use crate::error::Error;
use crate::error::invalid::Invalid;
use std::sync::Arc;

/// Returns the mechanism with its default credentials.
pub(super) fn mechanism() -> Result<Arc<dyn Mechanism>, Error> {
    Err(Invalid::FeatureMissing("gssapi").into())
}
