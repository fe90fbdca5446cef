//! Names of Unix-domain sockets at the proxy.

use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use std::sync::Arc;

/// The path or the abstract name of a Unix-domain socket at the proxy: 1 to 255 bytes without a
/// NUL.
///
/// It is the target of a request of SOCKS5a (`draft-lancaster-socks-5a-00`, sections 7.1 and 7.2),
/// as [`Host::Unix`](crate::Host::Unix) or [`Host::AbstractUnix`](crate::Host::AbstractUnix).
/// [`Target::unix`](crate::Target::unix) and
/// [`Target::abstract_unix`](crate::Target::abstract_unix) make such a target.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnixName(Arc<[u8]>);

impl UnixName {
    /// Creates a name. An abstract one is given without the NUL in front of it.
    ///
    /// # Errors
    ///
    /// - [`Invalid::UnixNameLength`]: its length is not 1 to 255 bytes.
    /// - [`Invalid::UnixNameNul`]: it contains a NUL.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        match name.as_ref() {
            name if !(1..=255).contains(&name.len()) => Err(Invalid::UnixNameLength(name.len()).into()),
            name if name.contains(&0) => Err(Invalid::UnixNameNul.into()),
            name => Ok(Self(name.into())),
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for UnixName {
    /// Escapes all bytes that are not printable ASCII.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for UnixName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn invalid(name: &[u8]) -> Invalid {
        match UnixName::new(name).unwrap_err().kind() {
            ErrorKind::Invalid(invalid) => invalid.clone(),
            kind => panic!("{kind:?}"),
        }
    }

    #[test]
    fn names_that_a_request_carries() {
        for name in [&b"/run/app.sock"[..], b"a", b"\xFF\n", &[b'x'; 255]] {
            assert_eq!(UnixName::new(name).unwrap().as_bytes(), name);
        }
        assert_eq!(invalid(b""), Invalid::UnixNameLength(0));
        assert_eq!(invalid(&[b'x'; 256]), Invalid::UnixNameLength(256));
        assert_eq!(invalid(b"\0app"), Invalid::UnixNameNul);
        assert_eq!(UnixName::new(b"a\n\"\xFF").unwrap().to_string(), r#"a\n\"\xff"#);
    }
}
