//! Credentials of clients and services.

use crate::buffer::Owned;
use crate::cache::MemoryCache;
use crate::error::{Error, ErrorKind};
use crate::ffi::{ACCEPT, Buffer, Functions, Handle, INDEFINITE, INITIATE, Minor};
use crate::ffi::{KRB5_ONLY, KeyValue, KeyValueSet};
use crate::library::Library;
use crate::name::Name;
use crate::source::{Kind, Source};
use crate::status::{self, Operation};
use std::ffi::{CStr, CString, c_int};
use std::fmt::{self, Debug, Formatter};
use std::ptr::null_mut;
use std::sync::Arc;

/// A client's acquired credentials. A clone is cheap, and any number of threads and contexts may
/// share them.
#[derive(Clone)]
pub struct Credentials(Arc<Acquired>);

struct Acquired {
    // Before the cache, which it uses: fields are dropped in this order.
    handle: Owned,
    _cache: Option<MemoryCache>,
}

impl Acquired {
    fn without_cache(handle: Owned) -> Self {
        Self { handle, _cache: None }
    }
}

impl Credentials {
    /// Acquires credentials from a source. The call blocks: it reads files, and for a keytab or a
    /// password it talks to the KDC, for up to half a minute per KDC that does not answer.
    ///
    /// MIT Kerberos reports some problems of a cache only when a context is
    /// [initiated](crate::Context::initiate).
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoCredentials`], [`ErrorKind::Expired`]
    /// - [`ErrorKind::WrongPassword`], [`ErrorKind::UnknownClient`]
    /// - [`ErrorKind::KdcUnreachable`], [`ErrorKind::ClockSkew`]
    /// - [`ErrorKind::Invalid`]: an empty password, or a NUL byte in a name or the password.
    /// - [`ErrorKind::NoLibrary`]
    /// - [`ErrorKind::Unsupported`]: the library lacks `gss_acquire_cred_from` or
    ///   `gss_acquire_cred_with_password`.
    /// - [`ErrorKind::Other`]
    pub fn acquire(source: &Source) -> Result<Self, Error> {
        let functions = Library::load()?.functions();
        let acquired = match &source.0 {
            Kind::DefaultCache => from_default_cache(functions).map(Acquired::without_cache),
            Kind::Cache(name) => from_cache(functions, name).map_err(|error| error.of(name)),
            Kind::Keytab { keytab, principal } => {
                // The library's own text then only tells that no ticket was found.
                let no_key = || format!("no key of {principal} in {keytab}, or it can't be read");
                from_keytab(functions, keytab, principal).map_err(|error| match error.kind() {
                    ErrorKind::NoCredentials => error.of(&no_key()),
                    _ => error.of(keytab),
                })
            }
            Kind::Password { principal, password } => {
                from_password(functions, principal, password).map_err(|error| error.of(principal))
            }
        };
        Ok(Self(Arc::new(acquired?)))
    }

    pub(crate) fn owned(&self) -> &Owned {
        &self.0.handle
    }
}

impl Debug for Credentials {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A service's keys. A clone is cheap, and any number of threads and contexts may share them.
#[derive(Clone)]
pub struct ServiceKeys(Arc<Owned>);

impl ServiceKeys {
    /// Takes the keys from a keytab by its name, such as `/etc/krb5.keytab`. Any principal in it is
    /// accepted.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoCredentials`], [`ErrorKind::Invalid`], [`ErrorKind::Other`]
    /// - [`ErrorKind::NoLibrary`]
    /// - [`ErrorKind::Unsupported`]: the library lacks `gss_acquire_cred_from`.
    pub fn from_keytab(keytab: &str) -> Result<Self, Error> {
        let functions = Library::load()?.functions();
        let handle = text(keytab)
            .and_then(|name| from_store(functions, None, ACCEPT, &[(c"keytab", &name)]))
            .map_err(|error| error.of(keytab))?;
        Ok(Self(Arc::new(handle)))
    }

    pub(crate) fn owned(&self) -> &Owned {
        &self.0
    }
}

impl Debug for ServiceKeys {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKeys").finish_non_exhaustive()
    }
}

fn text(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::without_status(ErrorKind::Invalid, "a NUL byte"))
}

fn lacks(function: &str) -> Error {
    Error::without_status(ErrorKind::Unsupported, format!("it has no {function}"))
}

/// Runs a call of the library that stores a minor status and a credential, and returns the major
/// status.
fn acquired(
    functions: &'static Functions,
    acquire: impl FnOnce(Minor, *mut Handle) -> u32,
) -> Result<Owned, Error> {
    // SAFETY: the calls below store credentials, and this function releases credentials.
    let mut credential = unsafe { Owned::new(functions.release_credential) };
    let mut minor = 0;
    let major = acquire(&raw mut minor, credential.as_mut());
    status::check(functions, Operation::Acquire, major, minor)?;
    Ok(credential)
}

fn from_default_cache(functions: &'static Functions) -> Result<Owned, Error> {
    // SAFETY: the pointers are to values that live through the call, or null where the library
    // permits that: any name, and two results that nothing needs.
    acquired(functions, |minor, credential| unsafe {
        (functions.acquire)(
            minor,
            null_mut(),
            INDEFINITE,
            &raw const KRB5_ONLY,
            INITIATE,
            credential,
            null_mut(),
            null_mut(),
        )
    })
}

fn from_cache(functions: &'static Functions, name: &str) -> Result<Acquired, Error> {
    let store = [(c"ccache", &*text(name)?)];
    from_store(functions, None, INITIATE, &store).map(Acquired::without_cache)
}

fn from_keytab(functions: &'static Functions, keytab: &str, principal: &str) -> Result<Acquired, Error> {
    let caches = functions.caches.as_ref().ok_or_else(|| lacks("krb5_cc_destroy"))?;
    let (keytab, principal) = (text(keytab)?, Name::principal(principal)?);
    // The library would put the ticket into the default cache.
    let cache = MemoryCache::new(caches);
    let store = [(c"client_keytab", &*keytab), (c"ccache", cache.name())];
    let handle = from_store(functions, Some(&principal), INITIATE, &store)?;
    Ok(Acquired { handle, _cache: Some(cache) })
}

/// Acquires credentials by the keys and values of MIT's "credential store".
fn from_store(
    functions: &'static Functions,
    name: Option<&Name>,
    usage: c_int,
    store: &[(&CStr, &CStr)],
) -> Result<Owned, Error> {
    let acquire = functions.acquire_from.ok_or_else(|| lacks("gss_acquire_cred_from"))?;
    let elements: Vec<_> =
        store.iter().map(|(key, value)| KeyValue { key: key.as_ptr(), value: value.as_ptr() }).collect();
    let count = u32::try_from(elements.len()).unwrap_or(0);
    let set = KeyValueSet { count, elements: elements.as_ptr() };
    // SAFETY: the pointers are to values that live through the call, or null where the library
    // permits that. The set has `count` elements, whose texts end with NUL bytes.
    acquired(functions, |minor, credential| unsafe {
        acquire(
            minor,
            name.map_or(null_mut(), |name| name.owned().handle()),
            INDEFINITE,
            &raw const KRB5_ONLY,
            usage,
            &raw const set,
            credential,
            null_mut(),
            null_mut(),
        )
    })
}

fn from_password(functions: &'static Functions, principal: &str, password: &str) -> Result<Acquired, Error> {
    if password.is_empty() || password.contains('\0') {
        return Err(Error::without_status(ErrorKind::Invalid, "an empty password, or a NUL byte in it"));
    }
    let name = Name::principal(principal)?;
    let acquire = functions.acquire_with_password.ok_or_else(|| lacks("gss_acquire_cred_with_password"))?;
    let password = Buffer::reading(password.as_bytes());
    // SAFETY: the pointers are to values that live through the call, or null where the library
    // permits that. The library copies the password.
    let credential = acquired(functions, |minor, credential| unsafe {
        acquire(
            minor,
            name.owned().handle(),
            &raw const password,
            INDEFINITE,
            &raw const KRB5_ONLY,
            INITIATE,
            credential,
            null_mut(),
            null_mut(),
        )
    })?;
    Ok(Acquired::without_cache(credential))
}
