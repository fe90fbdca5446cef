//! A request without its target.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::command::Command;
use crate::protocol::early_data::WithEarlyData;
use crate::protocol::target::Target;
use crate::protocol::version::Version;

/// A command and its early data.
pub(crate) struct RequestTemplate<'a> {
    pub(crate) command: Command,
    pub(crate) early_data: &'a [u8],
    /// Whether the handshake ends with the METHOD.
    pub(crate) requests_nothing: bool,
}

impl<'a> RequestTemplate<'a> {
    pub(crate) const fn connect(early_data: &'a [u8]) -> Self {
        Self { early_data, ..Self::without_data(Command::Connect) }
    }

    pub(crate) const fn without_data(command: Command) -> Self {
        Self { command, early_data: &[], requests_nothing: false }
    }

    /// Returns the handshake that ends with the METHOD, which must carry this command.
    pub(crate) const fn negotiation(next: Command) -> Self {
        Self { requests_nothing: true, ..Self::without_data(next) }
    }

    /// Returns whether the request is for an association, which has no target yet.
    pub(crate) const fn is_association(&self) -> bool {
        matches!(self.command, Command::UdpAssociate | Command::UdpAssociateExt)
    }

    /// Returns the request for this target.
    pub(crate) fn for_target<'t, V: Version>(
        &self,
        auth: &'t V::Auth,
        target: Target<'t>,
    ) -> Result<WithEarlyData<'a, V::Request<'t>>, Error> {
        if !self.early_data.is_empty() && V::may_encapsulate(auth) {
            return Err(Invalid::EarlyDataWithCustomMethod.into());
        }
        Ok(WithEarlyData::new(self.request::<V>(auth, target)?, self.early_data))
    }

    fn request<'t, V: Version>(
        &self,
        auth: &'t V::Auth,
        target: Target<'t>,
    ) -> Result<V::Request<'t>, Error> {
        if self.requests_nothing {
            V::negotiation(auth, self.command)
        } else {
            V::request(auth, self.command, target)
        }
    }
}
