//! Security contexts, and how they are established.

use crate::buffer::{Output, Owned};
use crate::credentials::{Credentials, ServiceKeys};
use crate::error::{Error, ErrorKind};
use crate::ffi::{Buffer, Functions, Handle, INDEFINITE, KRB5, NO_BINDINGS};
use crate::flags::Flags;
use crate::library::Library;
use crate::name::Name;
use crate::status::{self, Operation};
use std::fmt::{self, Debug, Formatter};
use std::ptr::null_mut;

/// A Kerberos context with a peer, from the client's or the service's side.
///
/// The two sides exchange tokens until both are [complete](Self::is_complete). Then each can
/// [`wrap`](Self::wrap) messages and [`unwrap`](Self::unwrap) those of the other.
///
/// A context may move to another thread. Two threads can share it in a `Mutex`.
pub struct Context {
    pub(crate) functions: &'static Functions,
    pub(crate) handle: Handle,
    state: State,
    granted: Flags,
    client: Option<String>,
    /// A copy of the token in work: MIT Kerberos changes it while it reads it.
    pub(crate) input: Vec<u8>,
}

// SAFETY: no library ties a context to the thread that made it. All calls with the handle are made
// through `&self` or `&mut self`, and there is no `Sync`, so they are never concurrent.
unsafe impl Send for Context {}

/// `GSS_S_CONTINUE_NEEDED`, an informational bit.
const CONTINUE_NEEDED: u32 = 1;

#[derive(Clone)]
enum State {
    Initiating { credentials: Credentials, target: Name, flags: Flags },
    Accepting { keys: ServiceKeys },
    Complete,
    Failed,
}

impl Context {
    /// Begins a context with a service, and returns it with the first token for the service.
    ///
    /// The call blocks. It reads files, and unless the credentials have a ticket for the service,
    /// it talks to the KDC, for up to half a minute per KDC that does not answer.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoCredentials`], [`ErrorKind::Expired`]
    /// - [`ErrorKind::UnknownService`]
    /// - [`ErrorKind::KdcUnreachable`], [`ErrorKind::ClockSkew`]
    /// - [`ErrorKind::NoLibrary`], [`ErrorKind::Other`]
    pub fn initiate(
        credentials: &Credentials,
        target: &Name,
        flags: Flags,
    ) -> Result<(Self, Vec<u8>), Error> {
        let (credentials, target) = (credentials.clone(), target.clone());
        let mut context = Self::new(State::Initiating { credentials, target, flags })?;
        let token = context.advance()?.unwrap_or_default();
        Ok((context, token))
    }

    /// Begins a context of a service, which awaits a client's first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoLibrary`].
    pub fn accept(keys: &ServiceKeys) -> Result<Self, Error> {
        Self::new(State::Accepting { keys: keys.clone() })
    }

    fn new(state: State) -> Result<Self, Error> {
        let functions = Library::load()?.functions();
        let (granted, client, input) = (Flags::NONE, None, Vec::new());
        Ok(Self { functions, handle: null_mut(), state, granted, client, input })
    }

    /// Takes a token from the peer, and returns the next one for it, if there is one.
    ///
    /// After an error the context is unusable.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::BadToken`], [`ErrorKind::Expired`], [`ErrorKind::ClockSkew`]
    /// - [`ErrorKind::WrongState`]: the context is complete, or has failed.
    /// - [`ErrorKind::Other`]
    pub fn step(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.copy(token)?;
        self.advance()
    }

    pub(crate) fn copy(&mut self, token: &[u8]) -> Result<(), Error> {
        if token.is_empty() {
            return Err(Error::without_status(ErrorKind::BadToken, "it is empty"));
        }
        self.input.clear();
        self.input.extend_from_slice(token);
        Ok(())
    }

    /// Passes on the token in `input`, or none if that is empty.
    fn advance(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let (result, output, granted) = match self.state.clone() {
            State::Initiating { credentials, target, flags } => {
                self.initiate_step(&credentials, &target, flags)
            }
            State::Accepting { keys } => self.accept_step(&keys),
            State::Complete | State::Failed => return Err(wrong_state("the context awaits no token")),
        };
        let supplementary = result.inspect_err(|_| self.state = State::Failed)?;
        self.granted = Flags::granted(granted);
        if supplementary & CONTINUE_NEEDED == 0 {
            self.state = State::Complete;
        }
        let token = output.bytes();
        Ok((!token.is_empty()).then(|| token.to_vec()))
    }

    fn initiate_step(
        &mut self,
        credentials: &Credentials,
        target: &Name,
        flags: Flags,
    ) -> (Result<u32, Error>, Output, u32) {
        let mut input = (!self.input.is_empty()).then(|| Buffer::changing(&mut self.input));
        let (mut output, mut minor, mut granted) = (Output::new(self.functions), 0, 0);
        // SAFETY: the handles are valid, or the context is null before the first call. The pointers
        // are to values that live through the call, or null where the library permits that. The
        // library fills `output` with memory of its own, which `Output` releases.
        let major = unsafe {
            (self.functions.initiate)(
                &raw mut minor,
                credentials.owned().handle(),
                &raw mut self.handle,
                target.owned().handle(),
                &raw const KRB5,
                flags.bits(),
                INDEFINITE,
                NO_BINDINGS,
                input.as_mut().map_or(null_mut(), |input| input),
                null_mut(),
                output.as_mut(),
                &raw mut granted,
                null_mut(),
            )
        };
        (status::check(self.functions, Operation::Context, major, minor), output, granted)
    }

    fn accept_step(&mut self, keys: &ServiceKeys) -> (Result<u32, Error>, Output, u32) {
        // SAFETY: what this call stores is a name, and this function releases names.
        let mut source = unsafe { Owned::new(self.functions.release_name) };
        let mut input = Buffer::changing(&mut self.input);
        let (mut output, mut minor, mut granted) = (Output::new(self.functions), 0, 0);
        // SAFETY: as in `initiate_step`. Without a place for them, delegated credentials are not
        // kept.
        let major = unsafe {
            (self.functions.accept)(
                &raw mut minor,
                &raw mut self.handle,
                keys.owned().handle(),
                &raw mut input,
                NO_BINDINGS,
                source.as_mut(),
                null_mut(),
                output.as_mut(),
                &raw mut granted,
                null_mut(),
                null_mut(),
            )
        };
        let result = status::check(self.functions, Operation::Context, major, minor);
        if result.is_ok() {
            self.client = self.text_of(&source);
        }
        (result, output, granted)
    }

    fn text_of(&self, name: &Owned) -> Option<String> {
        if name.handle().is_null() {
            return None;
        }
        let (mut output, mut minor) = (Output::new(self.functions), 0);
        // SAFETY: the name is valid, and the pointers are to values that live through the call.
        let major = unsafe {
            (self.functions.display_name)(&raw mut minor, name.handle(), output.as_mut(), null_mut())
        };
        status::check(self.functions, Operation::Name, major, minor).ok()?;
        Some(String::from_utf8_lossy(output.bytes()).into_owned())
    }

    /// Returns whether messages can be wrapped and unwrapped.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Returns the granted flags. They are final once the context is complete.
    ///
    /// MIT Kerberos grants [`Flags::CONFIDENTIALITY`] and [`Flags::INTEGRITY`] also if they were
    /// not asked for.
    #[must_use]
    pub fn granted(&self) -> Flags {
        self.granted
    }

    /// Returns the client's principal, on the service's side of a complete context.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref().filter(|_| self.is_complete())
    }
}

pub(crate) fn wrong_state(message: &str) -> Error {
    Error::without_status(ErrorKind::WrongState, message)
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the handle is of a context, and this is the last use of it. Without a buffer, no
        // token for the peer is made.
        unsafe { (self.functions.delete_context)(&raw mut minor, &raw mut self.handle, null_mut()) };
    }
}

impl Debug for Context {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Context");
        debug.field("complete", &self.is_complete()).field("granted", &self.granted);
        debug.finish_non_exhaustive()
    }
}
