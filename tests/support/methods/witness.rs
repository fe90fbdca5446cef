//! METHODs that record what they are for.

use super::short::Short;
use anysocks::Auth;
use anysocks::protocol::{Command, Negotiated, Purpose};
use std::sync::{Arc, Mutex};

/// The records.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Vec<Seen>>>);

/// One [`Purpose`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) command: Command,
    pub(crate) host: Option<String>,
    pub(crate) hop: usize,
    pub(crate) hops: usize,
    pub(crate) offered: Vec<u8>,
}

impl Witness {
    /// Offers a METHOD that is started when the proxy has selected it.
    pub(crate) fn auth(&self, code: u8) -> Auth {
        let witness = self.clone();
        let start = move |purpose: &Purpose<'_>| {
            witness.record(purpose);
            Ok(Short::start(code, Negotiated::nothing()))
        };
        Auth::method(code, start).expect("a method")
    }

    /// Offers a METHOD that is prepared.
    pub(crate) fn prepared(&self, code: u8) -> Auth {
        let witness = self.clone();
        let prepare = move |purpose: &Purpose<'_>| {
            witness.record(purpose);
            Ok(Short::start(code, Negotiated::nothing()))
        };
        Auth::prepared_method(code, prepare).expect("a method")
    }

    fn record(&self, purpose: &Purpose<'_>) {
        self.0.lock().expect("no panic").push(Seen {
            command: purpose.command,
            host: purpose.host.as_ref().map(ToString::to_string),
            hop: purpose.hop,
            hops: purpose.hops,
            offered: purpose.offered.to_vec(),
        });
    }

    /// Takes the records.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}
