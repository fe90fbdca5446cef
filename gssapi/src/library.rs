//! Loading of the system's library, once per process.

use crate::error::{Error, ErrorKind};
use crate::ffi::{Caches, Functions};
use std::ffi::CStr;
use std::fmt::{self, Debug, Formatter};
use std::sync::OnceLock;

const MIT: &str = "libgssapi_krb5.so.2";

/// The libraries to try, in this order: MIT Kerberos, Heimdal.
#[cfg(all(unix, not(target_vendor = "apple")))]
const CANDIDATES: &[&str] = &[MIT, "libgssapi.so.3"];
#[cfg(target_vendor = "apple")]
const CANDIDATES: &[&str] = &["/System/Library/Frameworks/GSS.framework/GSS"];
#[cfg(not(unix))]
const CANDIDATES: &[&str] = &[];

/// The system's GSS-API library.
///
/// Everything else in this crate loads it when it needs it. Call [`load`](Self::load) to find out
/// whether there is one.
#[derive(Clone, Copy)]
pub struct Library(pub(crate) &'static Loaded);

pub(crate) struct Loaded {
    name: &'static str,
    pub(crate) functions: Functions,
}

impl Library {
    /// Loads the library at the first call, and returns the same library or error later on.
    ///
    /// It is `libgssapi_krb5.so.2` (MIT Kerberos) or `libgssapi.so.3` (Heimdal), and on Apple's
    /// systems the GSS framework. Loading reads files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoLibrary`] if none can be loaded; its text has the reason for each. On other
    /// systems than Unix, always.
    pub fn load() -> Result<Self, Error> {
        static LOADED: OnceLock<Result<Loaded, Error>> = OnceLock::new();
        LOADED.get_or_init(|| load(CANDIDATES)).as_ref().map(Self).map_err(Clone::clone)
    }

    /// Returns the name by which the library was loaded.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    pub(crate) fn functions(self) -> &'static Functions {
        &self.0.functions
    }
}

impl Debug for Library {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Library").field(&self.0.name).finish()
    }
}

fn load(candidates: &[&'static str]) -> Result<Loaded, Error> {
    let mut reasons = Vec::new();
    for &name in candidates {
        match open(name) {
            Ok(functions) => return Ok(Loaded { name, functions }),
            Err(reason) => reasons.push(format!("{name} ({reason})")),
        }
    }
    let reasons = match &*reasons {
        [] => "none is known for this system".to_owned(),
        reasons => format!("tried {}", reasons.join(", ")),
    };
    Err(Error::without_status(ErrorKind::NoLibrary, reasons))
}

fn open(name: &str) -> Result<Functions, libloading::Error> {
    // SAFETY: loading runs the initializers of a library of the system, which have no requirements.
    let library = unsafe { libloading::Library::new(name) }?;
    // SAFETY: a library by one of these names has the functions of RFC 2744 by their names, and
    // those of its headers, with the types of `Functions`.
    let mut functions = unsafe { functions(&library) }?;
    functions.keeps_empty_buffers = name == MIT;
    // The functions stay valid, because it is never unloaded.
    std::mem::forget(library);
    Ok(functions)
}

/// # Safety
///
/// The library's functions of these names must have the types of the fields.
unsafe fn functions(library: &libloading::Library) -> Result<Functions, libloading::Error> {
    // SAFETY: by the contract of this function, the names have the types of the fields.
    let functions = unsafe {
        Functions {
            import_name: symbol(library, c"gss_import_name")?,
            display_name: symbol(library, c"gss_display_name")?,
            release_name: symbol(library, c"gss_release_name")?,
            acquire: symbol(library, c"gss_acquire_cred")?,
            acquire_from: symbol(library, c"gss_acquire_cred_from").ok(),
            acquire_with_password: symbol(library, c"gss_acquire_cred_with_password").ok(),
            release_credential: symbol(library, c"gss_release_cred")?,
            initiate: symbol(library, c"gss_init_sec_context")?,
            accept: symbol(library, c"gss_accept_sec_context")?,
            delete_context: symbol(library, c"gss_delete_sec_context")?,
            wrap: symbol(library, c"gss_wrap")?,
            unwrap: symbol(library, c"gss_unwrap")?,
            wrap_size_limit: symbol(library, c"gss_wrap_size_limit")?,
            release_buffer: symbol(library, c"gss_release_buffer")?,
            display_status: symbol(library, c"gss_display_status")?,
            caches: caches(library).ok(),
            keeps_empty_buffers: false,
        }
    };
    Ok(functions)
}

/// The functions of libkrb5, which the GSS-API library links to.
///
/// # Safety
///
/// The library's functions of these names must have the types of the fields.
unsafe fn caches(library: &libloading::Library) -> Result<Caches, libloading::Error> {
    // SAFETY: by the contract of this function, the names have the types of the fields.
    let caches = unsafe {
        Caches {
            init_context: symbol(library, c"krb5_init_context")?,
            free_context: symbol(library, c"krb5_free_context")?,
            resolve: symbol(library, c"krb5_cc_resolve")?,
            destroy: symbol(library, c"krb5_cc_destroy")?,
        }
    };
    Ok(caches)
}

/// # Safety
///
/// What the library has by this name must be a function of type `F`.
unsafe fn symbol<F: Copy>(library: &libloading::Library, name: &CStr) -> Result<F, libloading::Error> {
    // SAFETY: the type is right by the contract of this function.
    let symbol = unsafe { library.get::<F>(name.to_bytes_with_nul()) };
    symbol.map(|function| *function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_library_is_an_error_that_names_those_that_were_tried() {
        let Err(error) = load(&["libno-gssapi.so.1", "libnone-either.so"]) else { panic!("loaded") };
        assert_eq!(error.kind(), ErrorKind::NoLibrary);
        let text = error.to_string();
        assert!(text.contains("libno-gssapi.so.1 (") && text.contains("libnone-either.so ("), "{text}");
    }

    #[test]
    fn another_library_lacks_the_functions() {
        // Every Unix program has these, and they are no GSS-API.
        for name in ["libc.so.6", "libc.so.7", "libSystem.dylib"] {
            let Err(error) = load(&[name]) else { panic!("loaded") };
            assert_eq!(error.kind(), ErrorKind::NoLibrary);
        }
    }

    #[test]
    fn a_system_without_candidates() {
        let Err(error) = load(&[]) else { panic!("loaded") };
        assert_eq!(error.to_string(), "no GSS-API library: none is known for this system");
    }

    #[test]
    fn a_second_load_is_the_first() {
        match (Library::load(), Library::load()) {
            (Ok(first), Ok(second)) => assert!(std::ptr::eq(first.0, second.0)),
            (Err(first), Err(second)) => assert_eq!(first.to_string(), second.to_string()),
            _ => panic!("one was loaded"),
        }
    }
}
