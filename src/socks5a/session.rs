//! What the user of a connection learns about it.

use super::capabilities::Capabilities;
use std::fmt;
use std::time::{Duration, SystemTime};

/// What was negotiated by a METHOD of SOCKS5a.
///
/// The `session` of a stream, a listener or a UDP socket returns it.
///
/// ```
/// use anysocks::blocking::Socks5Stream;
/// use anysocks::socks5a::Session;
///
/// fn parameters(stream: &Socks5Stream) -> Option<&[u8]> {
///     stream.session::<Session>()?.parameters()
/// }
/// ```
#[derive(Clone, Default)]
pub struct Session {
    pub(super) methods: Vec<u8>,
    pub(super) identity: Option<Box<str>>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) parameters: Option<Box<[u8]>>,
    pub(super) time: Option<u64>,
}

impl Session {
    /// Returns the codes of the METHODs that have run, in their order.
    ///
    /// X'82' is not among them: it has only the others.
    #[must_use]
    pub fn methods(&self) -> &[u8] {
        &self.methods
    }

    /// Returns the client's own identity, if EAF has run.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Returns what the proxy supports, if it has sent that.
    #[must_use]
    pub const fn server_capabilities(&self) -> Option<Capabilities> {
        self.capabilities
    }

    /// Returns the proxy's session parameters, if it has sent them. Their format is its own.
    #[must_use]
    pub fn parameters(&self) -> Option<&[u8]> {
        self.parameters.as_deref()
    }

    /// Returns the time by the proxy's clock, of its last message of EAF.
    ///
    /// It is not checked. Returns `None` if EAF has not run, or if the time is out of range.
    #[must_use]
    pub fn server_time(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.time?))
    }
}

impl fmt::Debug for Session {
    /// Writes the length of the parameters alone, because they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("methods", &Codes(&self.methods))
            .field("identity", &self.identity)
            .field("server_capabilities", &self.capabilities)
            .field("parameters", &self.parameters.as_ref().map(|all| Bytes(all.len())))
            .field("server_time", &self.server_time())
            .finish_non_exhaustive()
    }
}

/// The codes of METHODs, as the specifications write them.
struct Codes<'a>(&'a [u8]);

impl fmt::Debug for Codes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|code| format!("X'{code:02X}'"))).finish()
    }
}

/// A number of bytes.
struct Bytes(usize);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}
