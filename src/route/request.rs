//! A request without its target.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::command::Command;
use crate::protocol::early_data::WithEarlyData;
use crate::protocol::target::Target;
use crate::protocol::version::Version;

/// A command and its early data.
pub(crate) struct RequestTemplate<'a, V: Version> {
    pub(crate) command: Command,
    pub(crate) constructor: Constructor<V>,
    pub(crate) early_data: &'a [u8],
}

impl<'a, V: Version> RequestTemplate<'a, V> {
    pub(crate) const fn connect(early_data: &'a [u8]) -> Self {
        Self { command: Command::Connect, constructor: V::connect, early_data }
    }

    pub(crate) const fn bind() -> Self {
        Self { command: Command::Bind, constructor: V::bind, early_data: &[] }
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
        Ok(WithEarlyData::new((self.constructor)(auth, target)?, self.early_data))
    }
}

/// Creates the request from the credentials and the target.
type Constructor<V> =
    for<'a> fn(&'a <V as Version>::Auth, Target<'a>) -> Result<<V as Version>::Request<'a>, Error>;
