//! The METHODs of a sequence.

use super::codes::{EAF, TOL};
use super::eaf::Eaf;
use super::tol::Tol;
use crate::protocol::socks5::{Credentials, PASSWORD};
use std::fmt;

/// A METHOD of a [`Sequence`](super::Sequence).
///
/// [`Credentials`], [`Eaf`] and [`Tol`] convert to it.
#[derive(Clone)]
pub struct Member(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Password(Credentials),
    Eaf(Eaf),
    Tol(Tol),
}

impl Member {
    pub(super) const fn code(&self) -> u8 {
        match self.0 {
            Kind::Password(_) => PASSWORD,
            Kind::Eaf(_) => EAF,
            Kind::Tol(_) => TOL,
        }
    }
}

impl From<Credentials> for Member {
    fn from(credentials: Credentials) -> Self {
        Self(Kind::Password(credentials))
    }
}

impl From<Eaf> for Member {
    fn from(eaf: Eaf) -> Self {
        Self(Kind::Eaf(eaf))
    }
}

impl From<Tol> for Member {
    fn from(tol: Tol) -> Self {
        Self(Kind::Tol(tol))
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Password(credentials) => credentials.fmt(f),
            Kind::Eaf(eaf) => eaf.fmt(f),
            Kind::Tol(tol) => tol.fmt(f),
        }
    }
}
