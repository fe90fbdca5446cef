//! The types and functions of GSS-API's C bindings (RFC 2744), as far as this crate uses them.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

/// A context, a credential or a name, whose contents only the library knows. Null is none.
pub(crate) type Handle = *mut c_void;

/// `OM_uint32 *minor_status`.
pub(crate) type Minor = *mut u32;

/// `gss_buffer_desc`.
#[repr(C)]
pub(crate) struct Buffer {
    pub(crate) length: usize,
    pub(crate) value: *mut c_void,
}

impl Buffer {
    pub(crate) const EMPTY: Self = Self { length: 0, value: null_mut() };

    /// An argument that a call only reads. It must not outlive `bytes`.
    pub(crate) fn reading(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
    }

    /// An argument whose bytes a call may change. It must not outlive `bytes`.
    pub(crate) fn changing(bytes: &mut [u8]) -> Self {
        Self { length: bytes.len(), value: bytes.as_mut_ptr().cast() }
    }
}

/// `gss_OID_desc`. Apple's headers align it to two bytes on this processor.
#[cfg_attr(all(target_vendor = "apple", target_arch = "x86_64"), repr(C, packed(2)))]
#[cfg_attr(not(all(target_vendor = "apple", target_arch = "x86_64")), repr(C))]
pub(crate) struct Oid {
    length: u32,
    elements: *const u8,
}

// SAFETY: the pointer is to constant bytes, which any thread may read.
unsafe impl Sync for Oid {}

impl Oid {
    const fn new(elements: &'static [u8]) -> Self {
        assert!(elements.len() < 128, "the length of an object identifier");
        #[expect(clippy::cast_possible_truncation, reason = "it is below 128")]
        let length = elements.len() as u32;
        Self { length, elements: elements.as_ptr() }
    }
}

/// Kerberos 5 (RFC 4121): 1.2.840.113554.1.2.2.
pub(crate) static KRB5: Oid = Oid::new(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
/// `GSS_C_NT_HOSTBASED_SERVICE`: 1.2.840.113554.1.2.1.4.
pub(crate) static HOST_BASED_SERVICE: Oid = Oid::new(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
/// `GSS_KRB5_NT_PRINCIPAL_NAME`: 1.2.840.113554.1.2.2.1.
pub(crate) static PRINCIPAL: Oid = Oid::new(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01");

/// `gss_OID_set_desc`.
#[repr(C)]
pub(crate) struct OidSet {
    count: usize,
    elements: *const Oid,
}

// SAFETY: the pointer is to a constant, which any thread may read.
unsafe impl Sync for OidSet {}

/// The set with Kerberos alone.
pub(crate) static KRB5_ONLY: OidSet = OidSet { count: 1, elements: &raw const KRB5 };

/// `gss_key_value_element_desc`.
#[repr(C)]
pub(crate) struct KeyValue {
    pub(crate) key: *const c_char,
    pub(crate) value: *const c_char,
}

/// `gss_key_value_set_desc`.
#[repr(C)]
pub(crate) struct KeyValueSet {
    pub(crate) count: u32,
    pub(crate) elements: *const KeyValue,
}

/// `GSS_C_INDEFINITE`.
pub(crate) const INDEFINITE: u32 = u32::MAX;
/// `GSS_C_INITIATE`.
pub(crate) const INITIATE: c_int = 1;
/// `GSS_C_ACCEPT`.
pub(crate) const ACCEPT: c_int = 2;
/// `GSS_C_GSS_CODE`: a major status.
pub(crate) const GSS_CODE: c_int = 1;
/// `GSS_C_MECH_CODE`: a minor status.
pub(crate) const MECH_CODE: c_int = 2;

/// `gss_channel_bindings_t`, of which none are used.
pub(crate) type ChannelBindings = *const c_void;
pub(crate) const NO_BINDINGS: ChannelBindings = null();

/// `krb5_context` and `krb5_ccache`.
pub(crate) type Krb5Handle = *mut c_void;

type AcquireFrom = unsafe extern "C" fn(
    Minor,
    name: Handle,
    time: u32,
    *const OidSet,
    usage: c_int,
    *const KeyValueSet,
    credential: *mut Handle,
    actual: *mut *mut OidSet,
    lifetime: *mut u32,
) -> u32;

type AcquireWithPassword = unsafe extern "C" fn(
    Minor,
    name: Handle,
    password: *const Buffer,
    time: u32,
    *const OidSet,
    usage: c_int,
    credential: *mut Handle,
    actual: *mut *mut OidSet,
    lifetime: *mut u32,
) -> u32;

/// The functions of a loaded library. Their types are those of RFC 2744's appendix A, and of the
/// headers of MIT Kerberos and Heimdal for the rest.
pub(crate) struct Functions {
    pub(crate) import_name: unsafe extern "C" fn(Minor, *const Buffer, *const Oid, *mut Handle) -> u32,
    pub(crate) display_name: unsafe extern "C" fn(Minor, Handle, *mut Buffer, *mut *const Oid) -> u32,
    pub(crate) release_name: unsafe extern "C" fn(Minor, *mut Handle) -> u32,
    pub(crate) acquire: unsafe extern "C" fn(
        Minor,
        name: Handle,
        time: u32,
        *const OidSet,
        usage: c_int,
        credential: *mut Handle,
        actual: *mut *mut OidSet,
        lifetime: *mut u32,
    ) -> u32,
    pub(crate) acquire_from: Option<AcquireFrom>,
    pub(crate) acquire_with_password: Option<AcquireWithPassword>,
    pub(crate) release_credential: unsafe extern "C" fn(Minor, *mut Handle) -> u32,
    pub(crate) initiate: unsafe extern "C" fn(
        Minor,
        credential: Handle,
        context: *mut Handle,
        target: Handle,
        *const Oid,
        flags: u32,
        time: u32,
        ChannelBindings,
        input: *mut Buffer,
        mechanism: *mut *const Oid,
        output: *mut Buffer,
        granted: *mut u32,
        lifetime: *mut u32,
    ) -> u32,
    pub(crate) accept: unsafe extern "C" fn(
        Minor,
        context: *mut Handle,
        credential: Handle,
        input: *mut Buffer,
        ChannelBindings,
        source: *mut Handle,
        mechanism: *mut *const Oid,
        output: *mut Buffer,
        granted: *mut u32,
        lifetime: *mut u32,
        delegated: *mut Handle,
    ) -> u32,
    pub(crate) delete_context: unsafe extern "C" fn(Minor, *mut Handle, output: *mut Buffer) -> u32,
    pub(crate) wrap: unsafe extern "C" fn(
        Minor,
        context: Handle,
        confidential: c_int,
        quality: u32,
        input: *const Buffer,
        encrypted: *mut c_int,
        output: *mut Buffer,
    ) -> u32,
    pub(crate) unwrap: unsafe extern "C" fn(
        Minor,
        context: Handle,
        input: *mut Buffer,
        output: *mut Buffer,
        encrypted: *mut c_int,
        quality: *mut u32,
    ) -> u32,
    pub(crate) wrap_size_limit: unsafe extern "C" fn(
        Minor,
        context: Handle,
        confidential: c_int,
        quality: u32,
        output: u32,
        input: *mut u32,
    ) -> u32,
    pub(crate) release_buffer: unsafe extern "C" fn(Minor, *mut Buffer) -> u32,
    pub(crate) display_status: unsafe extern "C" fn(
        Minor,
        status: u32,
        kind: c_int,
        *const Oid,
        context: *mut u32,
        text: *mut Buffer,
    ) -> u32,
    pub(crate) caches: Option<Caches>,
    /// `release_buffer` does not free the memory of a buffer whose length is 0, as that of an empty
    /// message: each would be lost.
    pub(crate) keeps_empty_buffers: bool,
}

/// The functions of libkrb5 that destroy a credential cache.
pub(crate) struct Caches {
    pub(crate) init_context: unsafe extern "C" fn(*mut Krb5Handle) -> i32,
    pub(crate) free_context: unsafe extern "C" fn(Krb5Handle),
    pub(crate) resolve: unsafe extern "C" fn(Krb5Handle, *const c_char, *mut Krb5Handle) -> i32,
    pub(crate) destroy: unsafe extern "C" fn(Krb5Handle, Krb5Handle) -> i32,
}
