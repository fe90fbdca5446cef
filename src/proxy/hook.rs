//! The caller's function for sockets that are about to connect.

use super::Proxy;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::sync::Arc;

/// The caller's function for each socket before it connects.
#[derive(Clone)]
pub(crate) struct Hook(pub(crate) Arc<Function>);

type Function = dyn Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync;

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook(..)")
    }
}

/// # Options without a name
impl Proxy {
    /// Sets a function that receives each socket to the proxy before it connects: that of each
    /// address that is dialled, and the UDP socket of each association. It replaces an earlier one.
    ///
    /// It is called after this crate has set its own options, and before it binds and connects the
    /// socket. Use it for options that this crate has no name for. The function must not bind or
    /// connect the socket, and must not block: on an asynchronous front end, it runs in the task.
    /// It is not called for Unix-domain sockets.
    ///
    /// ```
    /// use anysocks::Proxy;
    ///
    /// let proxy = Proxy::socks5("proxy.example:1080")?
    ///     .socket(|socket| socket.set_send_buffer_size(1 << 20));
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An error of the function is that of the attempt: an
    /// [`Attempt`](crate::Attempt) of [`Unreachable`](crate::ErrorKind::Unreachable), or for a UDP
    /// socket [`Io`](crate::ErrorKind::Io) at [`Stage::Association`](crate::Stage::Association).
    #[doc(alias = "fwmark")]
    #[doc(alias = "TCP_FASTOPEN_CONNECT")]
    #[must_use]
    pub fn socket(self, set: impl Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let hook = Hook(Arc::new(set));
        self.dial_with(|dialling| dialling.socket.rare_mut().hook = Some(hook))
    }
}
