//! Rules: functions that choose the proxies for each target.

use super::chain::Chain;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::target::Target;
use sealed::Sealed;
use std::sync::Arc;
use std::{error, fmt};

type Cause = Box<dyn error::Error + Send + Sync>;

/// What a [rule](crate::Connector::by_rule) returns: `Option<C>`, or `Result<Option<C>, E>`.
///
/// `C` is a [`Proxy`](crate::Proxy) or a [`Chain`]; `E` is an error, a `&str` or a `String`.
///
/// | value | the connection goes |
/// |---|---|
/// | `Some(proxies)`, `Ok(Some(proxies))` | through them |
/// | `None`, `Ok(None)` | directly to the target |
/// | `Err(error)` | nowhere: the call fails with [`ErrorKind::Rule`] |
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

/// A rule of the caller's, whatever it returns.
#[derive(Clone)]
pub(crate) struct Rule(Arc<Choose>);

type Choose = dyn Fn(&Target<'_>) -> Result<Option<Chain>, Cause> + Send + Sync;

impl Rule {
    pub(crate) fn new<A: Choice>(choose: impl Fn(&Target<'_>) -> A + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |target| choose(target).chain()))
    }

    /// The proxies that it chooses; `None` for a direct connection.
    pub(super) fn choose(&self, target: &Target<'_>) -> Result<Option<Chain>, Error> {
        (self.0)(target).map_err(|cause| Error::new(Stage::Preparation, ErrorKind::Rule(cause)))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule(..)")
    }
}
