//! Connects that a program watches. The proxy answers late, so that no answer is there before the
//! client asks for it.

use super::client::{REPEAT, order};
use super::proxy::{Manner, Proxy};
use crate::watched;
use std::time::Duration;

const LATE: Manner = Manner::After(Duration::from_millis(5));

/// The system calls of one connect, its `close` included, for the way at this place. `None`: there
/// is no `strace`.
pub(super) fn system_calls(way: usize) -> Option<usize> {
    let proxy = Proxy::start(LATE);
    watched::system_calls(|number| order(way, proxy.addr, REPEAT, number))
}

/// The instructions of one connect in user mode. `None`: there is no `valgrind`.
pub(super) fn instructions(way: usize) -> Option<usize> {
    let proxy = Proxy::start(LATE);
    watched::instructions(|number| order(way, proxy.addr, REPEAT, number), [10, 50])
}
