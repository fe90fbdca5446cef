//! METHODs whose preparation blocks until the test ends it, or fails.

use super::short::Short;
use anysocks::protocol::{Negotiated, Purpose};
use anysocks::{Auth, Error};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long a preparation takes if nothing ends it.
const LONG: Duration = Duration::from_secs(5);

/// Holds preparations up.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<Progress>, Condvar)>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) began: usize,
    pub(crate) ended: usize,
    is_open: bool,
}

impl Gate {
    pub(crate) fn progress(&self) -> Progress {
        *self.lock()
    }

    /// Lets all preparations end.
    pub(crate) fn open(&self) {
        self.lock().is_open = true;
        self.0.1.notify_all();
    }

    /// Blocks until so many preparations have begun.
    pub(crate) fn wait_for(&self, began: usize) {
        let waited = self.0.1.wait_timeout_while(self.lock(), 4 * LONG, |progress| progress.began < began);
        assert!(!waited.expect("no panic").1.timed_out(), "no preparation has begun");
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.0.lock().expect("no panic")
    }

    /// Blocks until the gate is open. Fails if nothing opens it.
    pub(crate) fn pass(&self) -> Result<(), Error> {
        self.lock().began += 1;
        self.0.1.notify_all();
        let waited = self.0.1.wait_timeout_while(self.lock(), LONG, |progress| !progress.is_open);
        let (mut progress, timeout) = waited.expect("no panic");
        progress.ended += 1;
        if timeout.timed_out() { Err(Error::method("nothing has opened the gate")) } else { Ok(()) }
    }
}

/// Offers a METHOD whose preparation takes 5 s, or until the gate is opened.
pub(crate) fn slow(code: u8, gate: &Gate) -> Auth {
    let gate = gate.clone();
    let prepare = move |_: &Purpose<'_>| gate.pass().map(|()| Short::start(code, Negotiated::nothing()));
    Auth::prepared_method(code, prepare).expect("a method")
}

/// Offers a METHOD whose preparation fails in this way.
pub(crate) fn failing(code: u8, kind: io::ErrorKind) -> Auth {
    let prepare = move |_: &Purpose<'_>| Err(Error::method(io::Error::new(kind, "no ticket")));
    Auth::prepared_method(code, prepare).expect("a method")
}
