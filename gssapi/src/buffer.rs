//! Memory of the library that this crate has to release.

use crate::ffi::{Buffer, Functions, Handle, Minor};
use std::slice;

/// A buffer that the library fills, released when dropped.
pub(crate) struct Output {
    functions: &'static Functions,
    buffer: Buffer,
}

impl Output {
    pub(crate) fn new(functions: &'static Functions) -> Self {
        Self { functions, buffer: Buffer::EMPTY }
    }

    /// For one call of the library, which may fill the buffer and does nothing else with it.
    pub(crate) fn as_mut(&mut self) -> *mut Buffer {
        &raw mut self.buffer
    }

    /// Whether the library has filled the buffer. The content may be empty.
    pub(crate) fn is_filled(&self) -> bool {
        !self.buffer.value.is_null()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if self.buffer.length == 0 || !self.is_filled() {
            return &[];
        }
        // SAFETY: the library has filled the buffer: `value` points to `length` initialized bytes.
        // They stay until the buffer is released, for which `drop` has the only reference.
        unsafe { slice::from_raw_parts(self.buffer.value.cast(), self.buffer.length) }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.is_filled() {
            return;
        }
        if self.functions.keeps_empty_buffers {
            // The function does not use the length for anything but this decision.
            self.buffer.length = self.buffer.length.max(1);
        }
        let mut minor = 0;
        // SAFETY: the library has filled the buffer, and this is the only release of it.
        unsafe { (self.functions.release_buffer)(&raw mut minor, &raw mut self.buffer) };
    }
}

/// A name or a credential, released when dropped.
pub(crate) struct Owned {
    handle: Handle,
    release: unsafe extern "C" fn(Minor, *mut Handle) -> u32,
}

// SAFETY: no library ties a name or a credential to the thread that made it.
unsafe impl Send for Owned {}
// SAFETY: shared handles are only passed to calls that read them. A name does not change after its
// import. MIT Kerberos and Heimdal guard a credential with a lock of its own.
unsafe impl Sync for Owned {}

impl Owned {
    /// # Safety
    ///
    /// `release` must be the function that releases the handles that are stored here.
    pub(crate) unsafe fn new(release: unsafe extern "C" fn(Minor, *mut Handle) -> u32) -> Self {
        Self { handle: std::ptr::null_mut(), release }
    }

    /// For a call of the library that stores a handle here.
    pub(crate) fn as_mut(&mut self) -> *mut Handle {
        &raw mut self.handle
    }

    /// For a call of the library that reads what the handle means. Valid as long as `self`.
    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: by the contract of `new`, the function fits the handle. It is released once.
        unsafe { (self.release)(&raw mut minor, &raw mut self.handle) };
    }
}
