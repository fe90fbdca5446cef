//! Credential caches in memory, one for each acquired credential.

use crate::ffi::{Caches, Krb5Handle};
use std::ffi::{CStr, CString};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

/// A cache that no other credential uses, destroyed when dropped.
///
/// The library keeps caches in memory until they are destroyed, for which GSS-API has no function.
pub(crate) struct MemoryCache {
    name: CString,
    caches: &'static Caches,
}

impl MemoryCache {
    pub(crate) fn new(caches: &'static Caches) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = CString::new(format!("MEMORY:anysocks-gssapi-{number}")).unwrap_or_default();
        Self { name, caches }
    }

    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }
}

impl Drop for MemoryCache {
    fn drop(&mut self) {
        let mut context: Krb5Handle = null_mut();
        // SAFETY: the pointer is to a value that lives through the call, which stores a context.
        if unsafe { (self.caches.init_context)(&raw mut context) } != 0 {
            return;
        }
        let mut cache: Krb5Handle = null_mut();
        // SAFETY: the context was just made, the name ends with a NUL byte and lives through the
        // call, and `cache` receives a handle.
        if unsafe { (self.caches.resolve)(context, self.name.as_ptr(), &raw mut cache) } == 0 {
            // SAFETY: the context made this handle, which this call consumes.
            unsafe { (self.caches.destroy)(context, cache) };
        }
        // SAFETY: the only use of the context after this would be by the cache, which is gone.
        unsafe { (self.caches.free_context)(context) };
    }
}
