//! The listener of a BIND request along a route.

use super::SocksListener;
use crate::protocol::version::Version;
use crate::proxy::Proxy;
use crate::route::connect::Granted;

impl<S, V: Version, F> SocksListener<S, V, F> {
    /// Creates the listener of the last of these proxies.
    pub(crate) fn granted(granted: Granted<S>, hops: &[Proxy]) -> Self {
        let mut listener = Self::new(granted.stream, granted.established, granted.proxy);
        listener.peer = granted.subject;
        listener.proxy = hops.last().map(|proxy| (proxy.to_string().into(), hops.len()));
        if let Some(pending) = &mut listener.pending {
            pending.request = granted.request;
        }
        listener
    }
}
