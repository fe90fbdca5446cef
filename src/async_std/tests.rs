use super::AsyncStd;
#[cfg(target_os = "linux")]
use crate::reactor::joined;
use crate::runtime::hanging;
use std::time::Duration;

#[test]
fn lookups_that_hang_are_bounded() {
    let thousand = hanging::thousand::<AsyncStd>(hanging::lookups(), Duration::from_millis(100));
    ::async_std::task::block_on(thousand);
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_are_left_before_a_task_waits() {
    ::async_std::task::block_on(joined::before_a_task_waits::<AsyncStd>());
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_are_left_after_many_were_dropped() {
    ::async_std::task::block_on(joined::after_many_were_dropped::<AsyncStd>());
}
