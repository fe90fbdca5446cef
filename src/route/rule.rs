//! Rules: functions that choose the proxies for each target.

use super::chain::Chain;
use super::upstreams::Upstreams;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::target::Target;
use sealed::Sealed;
use std::sync::Arc;
use std::{error, fmt};

type Cause = Box<dyn error::Error + Send + Sync>;

/// The return type of a [rule](crate::Connector::by_rule): `Option<C>` or `Result<Option<C>, E>`.
///
/// `C` is a [`Proxy`](crate::Proxy), a [`Chain`] or [`Upstreams`]; `E` is an error, a `&str` or a
/// `String`.
///
/// | value | the connection |
/// |---|---|
/// | `Some(proxies)`, `Ok(Some(proxies))` | goes through these proxies |
/// | `None`, `Ok(None)` | is direct |
/// | `Err(error)` | fails with [`ErrorKind::Rule`], and nothing is dialled |
///
/// The trait is sealed.
pub trait Choice: Sealed {}

impl<C: Into<Chosen>> Choice for Option<C> {}
impl<C: Into<Chosen>, E: Into<Cause>> Choice for Result<Option<C>, E> {}

/// The proxies that a rule chose.
#[derive(Debug)]
#[doc(hidden)]
pub enum Chosen {
    Chain(Chain),
    AnyOf(Upstreams),
}

impl<C: Into<Chain>> From<C> for Chosen {
    fn from(chain: C) -> Self {
        Self::Chain(chain.into())
    }
}

impl From<Upstreams> for Chosen {
    fn from(upstreams: Upstreams) -> Self {
        Self::AnyOf(upstreams)
    }
}

mod sealed {
    use super::{Cause, Chosen};

    pub trait Sealed {
        fn chosen(self) -> Result<Option<Chosen>, Cause>;
    }

    impl<C: Into<Chosen>> Sealed for Option<C> {
        fn chosen(self) -> Result<Option<Chosen>, Cause> {
            Ok(self.map(Into::into))
        }
    }

    impl<C: Into<Chosen>, E: Into<Cause>> Sealed for Result<Option<C>, E> {
        fn chosen(self) -> Result<Option<Chosen>, Cause> {
            self.map(|chosen| chosen.map(Into::into)).map_err(Into::into)
        }
    }
}

/// The caller's function, with its return type erased.
#[derive(Clone)]
pub(crate) struct Rule(Arc<Function>);

type Function = dyn Fn(&Target<'_>) -> Result<Option<Chosen>, Cause> + Send + Sync;

impl Rule {
    pub(crate) fn new<A: Choice>(function: impl Fn(&Target<'_>) -> A + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |target| function(target).chosen()))
    }

    /// Calls the rule. Returns `None` for a direct connection.
    pub(super) fn proxies_for(&self, target: &Target<'_>) -> Result<Option<Chosen>, Error> {
        (self.0)(target).map_err(|cause| Error::new(Stage::Preparation, ErrorKind::Rule(cause)))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule(..)")
    }
}
