//! The signals that end a program, on Unix.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The handlers of SIGHUP, SIGINT and SIGTERM, except those that the parent process has disabled,
/// as `nohup` does.
pub(crate) struct Signals(Vec<(SignalKind, Signal)>);

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
        let ignored = ignored();
        let handled = kinds.into_iter().filter(|kind| match ignored {
            Some(mask) => mask >> (kind.as_raw_value() - 1) & 1 == 0,
            // The mask is unknown, so that a handler of SIGHUP could undo `nohup`.
            None => *kind != SignalKind::hangup(),
        });
        handled.map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<_>>().map(Self)
    }

    /// Waits for one of the signals. Returns the exit status that a shell reports for it.
    pub(crate) async fn received(&mut self) -> u8 {
        let number = poll_fn(|cx| {
            let received = self
                .0
                .iter_mut()
                .find_map(|(kind, signal)| signal.poll_recv(cx).is_ready().then(|| kind.as_raw_value()));
            received.map_or(Poll::Pending, Poll::Ready)
        });
        u8::try_from(128 + number.await).unwrap_or(u8::MAX)
    }
}

/// Returns the mask of the ignored signals, on Linux.
fn ignored() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}
