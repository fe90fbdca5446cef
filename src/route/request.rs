//! A request without its target.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::command::Command;
use crate::protocol::early_data::WithEarlyData;
use crate::protocol::target::Target;
use crate::protocol::version::Version;
use std::marker::PhantomData;

/// A command and its early data.
pub(crate) struct RequestTemplate<'a, V> {
    pub(crate) command: Command,
    pub(crate) early_data: &'a [u8],
    version: PhantomData<V>,
}

impl<'a, V: Version> RequestTemplate<'a, V> {
    pub(crate) const fn connect(early_data: &'a [u8]) -> Self {
        Self { command: Command::Connect, early_data, version: PhantomData }
    }

    pub(crate) const fn without_data(command: Command) -> Self {
        Self { command, early_data: &[], version: PhantomData }
    }

    /// Returns the request for this target.
    pub(crate) fn for_target<'t>(
        &self,
        auth: &'t V::Auth,
        target: Target<'t>,
    ) -> Result<WithEarlyData<'a, V::Request<'t>>, Error> {
        if !self.early_data.is_empty() && V::may_encapsulate(auth) {
            return Err(Invalid::EarlyDataWithCustomMethod.into());
        }
        Ok(WithEarlyData::new(V::request(auth, self.command, target)?, self.early_data))
    }
}
