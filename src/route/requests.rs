//! Several requests on one connection, without I/O.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::established::Established;
use crate::protocol::frames::Frames;
use crate::protocol::layered::Layered;
use crate::protocol::negotiated::Session;
use crate::protocol::socks5::Socks5;
use crate::protocol::target::{PoolId, Target};
use std::any::Any;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What the handshake of a connection has left for its next request.
pub(crate) struct Requests {
    /// `None` while a request waits for its reply, and after one has failed.
    established: Option<Established>,
    /// The values for the user, that of the last proxy first.
    sessions: Vec<Session>,
}

/// A request, through the encapsulations of earlier proxies of a chain.
pub(crate) type NextRequest<'t> = Layered<Box<Frames>, Socks5<'t>>;

impl Requests {
    /// Takes over a handshake that has requested nothing.
    pub(crate) fn new(established: Established) -> Self {
        Self { sessions: established.sessions().to_vec(), established: Some(established) }
    }

    pub(crate) fn session<T: Any>(&self) -> Option<&T> {
        self.sessions.iter().find_map(|session| session.downcast_ref())
    }

    /// Creates the next request. If it does not [end](Self::end), it is the last one.
    ///
    /// # Errors
    ///
    /// - `Invalid`: nothing has changed.
    /// - [`ErrorKind::Over`]: an earlier request has failed or was cancelled.
    pub(crate) fn begin<'t>(
        &mut self,
        command: Command,
        target: Target<'t>,
    ) -> Result<NextRequest<'t>, Error> {
        let earlier = self.established.as_ref();
        let earlier = earlier.ok_or_else(|| Error::new(Stage::Request, ErrorKind::Over))?;
        let dialect = earlier.negotiated.as_ref().and_then(|negotiated| negotiated.dialect);
        Socks5::further(dialect, command, target.borrowed())?;
        let mut earlier =
            self.established.take().ok_or_else(|| Error::new(Stage::Request, ErrorKind::Over))?;
        let outer = earlier.negotiated.as_mut().and_then(|negotiated| negotiated.outer.take());
        Ok(Layered::through(outer, Socks5::after(earlier, command, target)?))
    }

    /// Ends a request that was granted. Returns BND.ADDR of the reply, as `read` understands it.
    pub(crate) fn end<T>(
        &mut self,
        request: NextRequest<'_>,
        granted: Established,
        read: impl FnOnce(&Address) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let granted = with_outer(request, granted);
        let answer = read(&granted.bound)?;
        self.established = Some(granted);
        Ok(answer)
    }
}

/// Returns the outcome of a request, with the encapsulations of earlier proxies.
pub(crate) fn with_outer(request: NextRequest<'_>, mut granted: Established) -> Established {
    if let (Some(outer), Some(negotiated)) = (request.into_frames(), &mut granted.negotiated) {
        negotiated.outer = Some(outer);
    }
    granted
}

/// Returns BND.ADDR of a lookup.
pub(crate) fn ip(bound: &Address) -> Result<IpAddr, Error> {
    bound.ip().ok_or_else(|| unexpected(bound))
}

/// Returns BND.ADDR of a connection in the pool.
pub(crate) fn pool_id(bound: &Address) -> Result<PoolId, Error> {
    match bound {
        Address::Name(id, _) => {
            let empty = |_| Error::new(Stage::Request, ErrorKind::Malformed { field: "LEN", byte: 0 });
            PoolId::new(id.as_bytes()).map_err(empty)
        }
        Address::Ip(_) => Err(unexpected(bound)),
    }
}

/// Returns the error of a reply with an address in place of a name, or the reverse.
pub(super) fn unexpected(bound: &Address) -> Error {
    let atyp = match bound {
        Address::Ip(SocketAddr::V4(_)) => 1,
        Address::Name(..) => 3,
        Address::Ip(SocketAddr::V6(_)) => 4,
    };
    Error::new(Stage::Request, ErrorKind::Malformed { field: "ATYP", byte: atyp })
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("over", &self.established.is_none()).finish_non_exhaustive()
    }
}
