//! One METHOD that is offered.

use super::credentials::Credentials;
use super::method::{Method, Purpose};
use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) const NONE: u8 = 0x00;
pub(super) const GSSAPI: u8 = 0x01;
pub(crate) const PASSWORD: u8 = 0x02;

/// A METHOD that is offered, and what it needs.
#[derive(Clone)]
pub(super) enum Offer {
    None,
    Password(Credentials),
    Custom {
        code: u8,
        start: Start,
        /// Whether it is a METHOD of SOCKS5a: the request can have its commands and addresses.
        is_socks5a: bool,
    },
}

/// The sub-negotiation that follows when the proxy has selected a METHOD.
pub(super) enum Selected {
    None,
    Password,
    Custom(Box<dyn Method>),
}

/// Makes a METHOD for one connection.
pub(super) type Make = dyn Fn(&Purpose<'_>) -> Result<Box<dyn Method>, Error> + Send + Sync;

/// When a custom METHOD is made.
#[derive(Clone)]
pub(super) enum Start {
    /// When the proxy has selected it.
    Selected(Arc<Make>),
    /// Before the proxy is dialled, where blocking is allowed.
    Prepared(Arc<Make>),
    /// It was made, for one connection.
    Ready(Arc<Ready>),
}

/// A METHOD that waits for its one connection.
pub(super) struct Ready {
    /// What can be sent before the proxy has selected the METHOD.
    opening: Box<[u8]>,
    method: Mutex<Option<Box<dyn Method>>>,
}

impl Ready {
    fn new(method: Box<dyn Method>) -> Self {
        Self { opening: method.opening().into(), method: Mutex::new(Some(method)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn Method>>> {
        self.method.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Offer {
    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::None => NONE,
            Self::Password(_) => PASSWORD,
            Self::Custom { code, .. } => *code,
        }
    }

    pub(super) const fn needs_preparation(&self) -> bool {
        matches!(self, Self::Custom { start: Start::Prepared(_), .. })
    }

    /// Fails if the METHOD has yet to be prepared, or if it was prepared for a connection that has
    /// used it.
    pub(super) fn check_prepared(&self) -> Result<(), Error> {
        match self {
            Self::Custom { code, start: Start::Prepared(_), .. } => {
                Err(Invalid::MethodNotPrepared(*code).into())
            }
            Self::Custom { code, start: Start::Ready(ready), .. } if ready.lock().is_none() => {
                Err(Invalid::MethodUsed(*code).into())
            }
            _ => Ok(()),
        }
    }

    /// Returns the first message of the METHOD, if it is known.
    pub(super) fn opening(&self) -> &[u8] {
        match self {
            Self::Custom { start: Start::Ready(ready), .. } => &ready.opening,
            _ => &[],
        }
    }

    /// Returns whether the METHOD may write the request with its last message. A METHOD that has
    /// yet to be prepared may.
    pub(super) fn may_take_request(&self) -> bool {
        match self {
            Self::Custom { start: Start::Prepared(_), .. } => true,
            Self::Custom { start: Start::Ready(ready), .. } => {
                ready.lock().as_mut().is_none_or(|method| method.request().is_some())
            }
            _ => false,
        }
    }

    /// Prepares the METHOD for this connection, if it has to be prepared. May block.
    pub(super) fn prepare(&self, purpose: &Purpose<'_>) -> Result<Self, Error> {
        match self {
            Self::Custom { code, start: Start::Prepared(make), is_socks5a } => {
                let method = make(purpose).map_err(|error| error.in_stage(Stage::Preparation))?;
                let start = Start::Ready(Arc::new(Ready::new(method)));
                Ok(Self::Custom { code: *code, start, is_socks5a: *is_socks5a })
            }
            offer => offer.check_prepared().map(|()| offer.clone()),
        }
    }
}

impl Start {
    /// Starts the METHOD with this code, which the proxy has selected.
    pub(super) fn select(&self, code: u8, purpose: &Purpose<'_>) -> Result<Box<dyn Method>, Error> {
        match self {
            Self::Selected(make) => make(purpose),
            Self::Prepared(_) => Err(Invalid::MethodNotPrepared(code).into()),
            Self::Ready(ready) => ready.lock().take().ok_or_else(|| Invalid::MethodUsed(code).into()),
        }
    }
}
