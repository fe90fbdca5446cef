//! Identifiers of connections in a proxy's pool.

use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use std::sync::Arc;

/// The identifier of a connection in a proxy's pool: 1 to 255 bytes, which only the proxy
/// interprets.
///
/// `pool_new` of a [`SocksClient`](crate::SocksClient) returns it, and `pool_get` takes it
/// (`POOL_NEW` and `POOL_GET` of `draft-lancaster-socks-5a-00`, section 6). A peer that learns it
/// may be able to take the connection, so `Debug` and `Display` show only its length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PoolId(Arc<[u8]>);

impl PoolId {
    /// Creates an identifier of the bytes that a proxy has sent.
    ///
    /// # Errors
    ///
    /// - [`Invalid::PoolIdLength`]: its length is not 1 to 255 bytes.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        match id.as_ref() {
            id if !(1..=255).contains(&id.len()) => Err(Invalid::PoolIdLength(id.len()).into()),
            id => Ok(Self(id.into())),
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pool identifier of {} bytes", self.0.len())
    }
}

impl fmt::Debug for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolId({} bytes)", self.0.len())
    }
}
