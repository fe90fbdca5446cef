//! Heap of an association: what its socket keeps, and what a waiting task adds.

use crate::fronts::{FRONTS, Front};
use crate::scene::Setting;
use crate::support::case::Case;

/// The live bytes that the work leaves on this thread.
fn live<T>(work: impl FnOnce() -> T) -> (i64, T) {
    let mut done = None;
    let left = allocation_counter::measure(|| done = Some(work()));
    (left.bytes_current, done.expect("it was done"))
}

/// The most bytes that an association keeps, the runtime's for its two sockets included.
fn most(front: &Front) -> i64 {
    match front.name {
        "blocking" => 400,
        "tokio" => 1000,
        // Of which async-io's are more than 1,000.
        _ => 1600,
    }
}

#[test]
fn of_an_open_association() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        // The runtime's own lists grow now and then.
        let bytes = (0..4).map(|_| {
            let associate = |proxy: &_| live(|| (front.associate)(proxy).expect("an association"));
            let ((bytes, _socket), _relay, _control) = Setting::default().associate(associate);
            bytes
        });
        let least = bytes.min().expect("four of them");
        assert!(least <= most(front), "{least} bytes");
    }
}

/// The task is counted with all that it owns.
#[cfg(feature = "tokio")]
#[test]
fn with_a_waiting_task() {
    use anysocks::tokio::Socks5UdpSocket;
    use tokio::task::yield_now;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bytes = [(), ()].map(|()| {
        let associate = |proxy: &_| live(|| runtime.block_on(Socks5UdpSocket::associate(proxy)));
        let ((open, socket), _relay, _control) = Setting::default().associate(associate);
        let socket = socket.expect("an association");
        let (waiting, task) = live(|| {
            let task = runtime.spawn(async move { socket.recv_from(&mut [0; 64]).await.map(drop) });
            runtime.block_on(async {
                yield_now().await;
                yield_now().await;
            });
            task
        });
        assert!(!task.is_finished());
        task.abort();
        runtime.block_on(task).expect_err("the task was waiting");
        open + waiting
    });
    assert!(bytes[1] <= 1700, "{} bytes", bytes[1]);
}
