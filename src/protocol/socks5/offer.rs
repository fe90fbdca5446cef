//! One METHOD that is offered.

use super::credentials::Credentials;
use super::method::{Method, Purpose};
use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) const NONE: u8 = 0x00;
pub(crate) const PASSWORD: u8 = 0x02;

/// A METHOD that is offered, and what it needs.
#[derive(Clone)]
pub(super) enum Offer {
    None,
    Password(Credentials),
    Custom(u8, Start),
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
    Ready(Arc<Mutex<Option<Box<dyn Method>>>>),
}

fn lock(method: &Mutex<Option<Box<dyn Method>>>) -> MutexGuard<'_, Option<Box<dyn Method>>> {
    method.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Offer {
    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::None => NONE,
            Self::Password(_) => PASSWORD,
            Self::Custom(code, _) => *code,
        }
    }

    pub(super) const fn needs_preparation(&self) -> bool {
        matches!(self, Self::Custom(_, Start::Prepared(_)))
    }

    /// Fails if the METHOD has yet to be prepared, or if it was prepared for a connection that has
    /// used it.
    pub(super) fn check_prepared(&self) -> Result<(), Error> {
        match self {
            Self::Custom(code, Start::Prepared(_)) => Err(Invalid::MethodNotPrepared(*code).into()),
            Self::Custom(code, Start::Ready(method)) if lock(method).is_none() => {
                Err(Invalid::MethodUsed(*code).into())
            }
            _ => Ok(()),
        }
    }

    /// Prepares the METHOD for this connection, if it has to be prepared. May block.
    pub(super) fn prepare(&self, purpose: &Purpose<'_>) -> Result<Self, Error> {
        match self {
            Self::Custom(code, Start::Prepared(make)) => {
                let method = make(purpose).map_err(|error| error.in_stage(Stage::Preparation))?;
                Ok(Self::Custom(*code, Start::Ready(Arc::new(Mutex::new(Some(method))))))
            }
            offer => offer.check_prepared().map(|()| offer.clone()),
        }
    }

    pub(super) fn select(&self, purpose: &Purpose<'_>) -> Result<Selected, Error> {
        match self {
            Self::None => Ok(Selected::None),
            Self::Password(_) => Ok(Selected::Password),
            Self::Custom(_, Start::Selected(make)) => make(purpose).map(Selected::Custom),
            Self::Custom(code, Start::Prepared(_)) => Err(Invalid::MethodNotPrepared(*code).into()),
            Self::Custom(code, Start::Ready(method)) => {
                let method = lock(method).take();
                method.map(Selected::Custom).ok_or_else(|| Invalid::MethodUsed(*code).into())
            }
        }
    }
}
