//! Rules: functions that choose the proxies for each target.

use super::chain::Chain;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::target::Target;
use sealed::Sealed;
use std::sync::Arc;
use std::{error, fmt};

type Cause = Box<dyn error::Error + Send + Sync>;

/// The return type of a [rule](crate::Connector::by_rule): `Option<C>` or `Result<Option<C>, E>`.
///
/// `C` is a [`Proxy`](crate::Proxy) or a [`Chain`]; `E` is an error, a `&str` or a `String`.
///
/// | value | the connection |
/// |---|---|
/// | `Some(proxies)`, `Ok(Some(proxies))` | goes through these proxies |
/// | `None`, `Ok(None)` | is direct |
/// | `Err(error)` | fails with [`ErrorKind::Rule`], and nothing is dialled |
///
/// The trait is sealed.
pub trait Choice: Sealed {}

impl<C: Into<Chain>> Choice for Option<C> {}
impl<C: Into<Chain>, E: Into<Cause>> Choice for Result<Option<C>, E> {}

mod sealed {
    use super::{Cause, Chain};

    pub trait Sealed {
        fn chain(self) -> Result<Option<Chain>, Cause>;
    }

    impl<C: Into<Chain>> Sealed for Option<C> {
        fn chain(self) -> Result<Option<Chain>, Cause> {
            Ok(self.map(Into::into))
        }
    }

    impl<C: Into<Chain>, E: Into<Cause>> Sealed for Result<Option<C>, E> {
        fn chain(self) -> Result<Option<Chain>, Cause> {
            self.map(|chosen| chosen.map(Into::into)).map_err(Into::into)
        }
    }
}

/// The caller's function, with its return type erased.
#[derive(Clone)]
pub(crate) struct Rule(Arc<Function>);

type Function = dyn Fn(&Target<'_>) -> Result<Option<Chain>, Cause> + Send + Sync;

impl Rule {
    pub(crate) fn new<A: Choice>(function: impl Fn(&Target<'_>) -> A + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |target| function(target).chain()))
    }

    /// Calls the rule. Returns `None` for a direct connection.
    pub(super) fn proxies_for(&self, target: &Target<'_>) -> Result<Option<Chain>, Error> {
        (self.0)(target).map_err(|cause| Error::new(Stage::Preparation, ErrorKind::Rule(cause)))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule(..)")
    }
}
