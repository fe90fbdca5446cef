use super::Smol;
#[cfg(target_os = "linux")]
use crate::reactor::joined;
use crate::reactor::race;
use crate::runtime::hanging;
use crate::runtime::racing::races;
use std::time::Duration;

#[test]
fn races_as_rfc_8305_says() {
    races(|addrs, options, deadline| match ::async_io::block_on(race::<Smol>(&addrs, options, deadline)) {
        Ok(socket) => Ok(socket.peer_addr().unwrap()),
        Err(failures) => Err(failures.into_attempts()),
    });
}

#[test]
fn lookups_that_hang_are_bounded() {
    let thousand = hanging::thousand::<Smol>(hanging::lookups(), Duration::from_millis(100));
    ::async_io::block_on(thousand);
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_are_left_before_a_task_waits() {
    ::async_io::block_on(joined::before_a_task_waits::<Smol>());
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_are_left_after_many_were_dropped() {
    ::async_io::block_on(joined::after_many_were_dropped::<Smol>());
}
