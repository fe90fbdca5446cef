//! Where credentials come from.

use std::fmt::{self, Debug, Formatter};
use zeroize::Zeroizing;

/// Where a client's credentials come from. The password is wiped when this is dropped, and not
/// shown by `Debug`.
#[derive(Clone)]
pub struct Source(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    DefaultCache,
    Cache(String),
    Keytab { keytab: String, principal: String },
    Password { principal: String, password: Zeroizing<String> },
}

impl Source {
    /// The user's default credential cache, which `kinit` fills. It is the one source that depends
    /// on the process's environment (`KRB5CCNAME`).
    #[must_use]
    pub fn default_cache() -> Self {
        Self(Kind::DefaultCache)
    }

    /// A credential cache by its name, such as `FILE:/tmp/krb5cc_1000`. A path is a file.
    #[must_use]
    pub fn cache(name: impl Into<String>) -> Self {
        Self(Kind::Cache(name.into()))
    }

    /// A client's keytab by its name, such as `/etc/proxy-user.keytab`, and the principal to use.
    ///
    /// [`Credentials::acquire`](crate::Credentials::acquire) gets a ticket from the KDC for them.
    /// The ticket is kept in memory, apart from the default cache and from all other credentials.
    #[must_use]
    pub fn keytab(keytab: impl Into<String>, principal: impl Into<String>) -> Self {
        Self(Kind::Keytab { keytab: keytab.into(), principal: principal.into() })
    }

    /// A principal and its password.
    ///
    /// [`Credentials::acquire`](crate::Credentials::acquire) gets a ticket from the KDC for them.
    /// The ticket is kept in memory, apart from the default cache and from all other credentials.
    #[must_use]
    pub fn password(principal: impl Into<String>, password: impl Into<String>) -> Self {
        Self(Kind::Password { principal: principal.into(), password: Zeroizing::new(password.into()) })
    }
}

impl Debug for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::DefaultCache => f.write_str("DefaultCache"),
            Kind::Cache(name) => f.debug_tuple("Cache").field(name).finish(),
            Kind::Keytab { keytab, principal } => {
                f.debug_struct("Keytab").field("keytab", keytab).field("principal", principal).finish()
            }
            Kind::Password { principal, .. } => {
                f.debug_struct("Password").field("principal", principal).finish_non_exhaustive()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let source = Source::password("user@EXAMPLE.COM", "s3cret");
        assert_eq!(format!("{source:?}"), r#"Password { principal: "user@EXAMPLE.COM", .. }"#);
        assert!(!format!("{source:#?}").contains("s3cret"));
    }
}
