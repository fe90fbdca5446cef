use super::Tokio;
use crate::reactor;
#[cfg(target_os = "linux")]
use crate::reactor::joined;
use crate::runtime::racing::{OPTIONS, races};
use crate::runtime::{Runtime, hanging};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use tokio::time;

/// Longer than any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn advance(by: Duration) {
    time::pause();
    time::advance(by).await;
    time::resume();
}

fn races_on_a_clock_ahead_by<const SECONDS: u64>() {
    races(|addrs, options, deadline| {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            advance(Duration::from_secs(SECONDS)).await;
            let deadline = deadline.map(|at| Tokio::now() + at.duration_since(Instant::now()));
            match reactor::race::<Tokio>(&addrs, options, deadline).await {
                Ok(socket) => Ok(socket.peer_addr().unwrap()),
                Err(failures) => Err(failures.into_attempts()),
            }
        })
    });
}

#[test]
fn races_as_rfc_8305_says() {
    races_on_a_clock_ahead_by::<0>();
}

#[test]
fn races_by_the_clock_of_the_runtime() {
    races_on_a_clock_ahead_by::<60>();
}

/// Without a deadline, one address needs no timer: the runtime may have none.
#[test]
fn one_address_without_a_deadline() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let live = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = live.local_addr().unwrap();
    let connected = runtime.block_on(async { reactor::connect::<Tokio>(&addr, &OPTIONS, None).await });
    assert_eq!(connected.unwrap().peer_addr().unwrap(), addr);
    let connected = runtime.block_on(async { reactor::race::<Tokio>(&[addr.into()], &OPTIONS, None).await });
    assert_eq!(connected.unwrap().peer_addr().unwrap(), addr);
}

#[test]
fn lookups_that_hang_are_bounded() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(hanging::thousand::<Tokio>(hanging::lookups(), Duration::from_millis(100)));
}

#[test]
fn lookups_that_hang_hold_up_nothing_of_the_runtime() {
    let lookups = hanging::lookups();
    let mut builder = ::tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
    for n in 0..100 {
        runtime.spawn(async move { lookups.addresses::<Tokio>(&format!("{n}.test"), 80, None).await });
    }
    runtime.block_on(async {
        let are_many = async {
            while !lookups.are_many() {
                time::sleep(Duration::from_millis(1)).await;
            }
        };
        time::timeout(PATIENCE, are_many).await.unwrap();
        let work = ::tokio::task::spawn_blocking(|| "done");
        assert_eq!(time::timeout(PATIENCE, work).await.unwrap().unwrap(), "done");
    });
    let (report, dropped) = channel();
    thread::spawn(move || {
        drop(runtime);
        report.send(()).unwrap();
    });
    dropped.recv_timeout(PATIENCE).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_are_left_before_a_task_waits() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(joined::before_a_task_waits::<Tokio>());
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_are_left_after_many_were_dropped() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(joined::after_many_were_dropped::<Tokio>());
}
