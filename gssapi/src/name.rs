//! Names of services.

use crate::buffer::Owned;
use crate::error::{Error, ErrorKind};
use crate::ffi::{Buffer, HOST_BASED_SERVICE, Oid, PRINCIPAL};
use crate::library::Library;
use crate::status::{self, Operation};
use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

/// The name of a service or a user, in the library's form. A clone is cheap.
#[derive(Clone)]
pub struct Name {
    text: Arc<str>,
    handle: Arc<Owned>,
}

impl Name {
    /// Imports the name of a service on a host, such as `rcmd@gw.example.com`.
    ///
    /// The Kerberos principal is `rcmd/gw.example.com`, in the realm that the library's
    /// configuration (krb5.conf) assigns to the host. The call can block: depending on
    /// `dns_canonicalize_hostname` in krb5.conf, the library asks the system's resolver for the
    /// host's canonical name.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`]: no `@`, an empty service or host, a NUL byte, or refused by the
    ///   library.
    /// - [`ErrorKind::NoLibrary`].
    pub fn service(name: &str) -> Result<Self, Error> {
        match name.split_once('@') {
            Some((service, host)) if !service.is_empty() && !host.is_empty() => {
                Self::import(name, &HOST_BASED_SERVICE)
            }
            _ => Err(Error::without_status(
                ErrorKind::Invalid,
                format!("{name:?} is not a service and a host, such as rcmd@gw.example.com"),
            )),
        }
    }

    /// Imports a Kerberos principal, such as `rcmd/gw.example.com@EXAMPLE.COM`.
    ///
    /// Without a realm, it is in krb5.conf's default realm.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`]: empty, a NUL byte, or refused by the library.
    /// - [`ErrorKind::NoLibrary`].
    pub fn principal(name: &str) -> Result<Self, Error> {
        Self::import(name, &PRINCIPAL)
    }

    fn import(name: &str, form: &'static Oid) -> Result<Self, Error> {
        if name.is_empty() || name.contains('\0') {
            return Err(Error::without_status(ErrorKind::Invalid, format!("the name {name:?}")));
        }
        let functions = Library::load()?.functions();
        // SAFETY: what `import_name` stores is a name, and this function releases names.
        let mut handle = unsafe { Owned::new(functions.release_name) };
        let (text, mut minor) = (Buffer::reading(name.as_bytes()), 0);
        // SAFETY: the pointers are to values that live through the call, which only reads the text
        // and the form, and stores a handle.
        let major =
            unsafe { (functions.import_name)(&raw mut minor, &raw const text, form, handle.as_mut()) };
        status::check(functions, Operation::Name, major, minor)?;
        Ok(Self { text: name.into(), handle: Arc::new(handle) })
    }

    pub(crate) fn owned(&self) -> &Owned {
        &self.handle
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Debug for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Name").field(&self.text).finish()
    }
}
