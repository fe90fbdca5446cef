//! The targets of an association's datagrams: the names that are resolved on this machine.

use super::socket::SocksUdpSocket;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::{Host, IntoTarget, Target};
use crate::runtime::{Deadline, UdpFrontEnd, no_address, resolve};
use std::io;

impl<F: UdpFrontEnd> SocksUdpSocket<F> {
    /// Converts a target, and fails for a name that must be resolved on this machine.
    pub(crate) fn addressed<'t>(&self, target: impl IntoTarget<'t>) -> io::Result<Target<'t>> {
        let target = target.into_target()?.of_datagram()?;
        if self.resolves_locally(&target) {
            Err(Error::from(Invalid::NameToResolve).into())
        } else {
            Ok(target)
        }
    }

    /// Returns whether the target is a name that must be resolved on this machine.
    pub(crate) fn resolves_locally(&self, target: &Target<'_>) -> bool {
        self.association().lookup().is_some() && target.domain().is_some()
    }

    /// Converts a target, and resolves a name that must be resolved on this machine.
    pub(crate) async fn resolved<'t>(
        &self,
        target: impl IntoTarget<'t>,
        deadline: Deadline,
    ) -> io::Result<Target<'t>> {
        let target = target.into_target()?.of_datagram()?;
        let (Host::Domain(name), Some(lookup)) = (target.host(), self.association().lookup()) else {
            return Ok(target);
        };
        // In memory of its own: few datagrams need a lookup.
        let found = Box::pin(resolve::<F>(lookup, name.as_str(), target.port(), deadline)).await;
        let found = found.map_err(Error::of_target_name)?;
        match found.first() {
            Some(addr) => Ok((addr.ip(), addr.port()).into()),
            None => Err(no_address(name.as_str()).into()),
        }
    }
}
