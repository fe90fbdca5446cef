//! Ctrl-C, on a system without signals.

use std::future::pending;
use std::io;
use tokio::signal::ctrl_c;

pub(crate) struct Signals;

impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for Ctrl-C. Returns the same exit status as on Unix.
    #[allow(clippy::needless_pass_by_ref_mut, reason = "it is needed on Unix")]
    pub(crate) async fn received(&mut self) -> u8 {
        match ctrl_c().await {
            Ok(()) => 130,
            // The system ends the program.
            Err(_) => pending().await,
        }
    }
}
