use super::*;
use crate::udp::test_proxy::TestProxy;
use std::future::poll_fn;
use std::net::{TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

/// Counts the wakes of a task.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Returns a socket, its relay, and the proxy's end of the TCP connection.
async fn associated() -> (Arc<Socks5UdpSocket>, UdpSocket, TcpStream) {
    let proxy = TestProxy::start();
    let socket = Socks5UdpSocket::associate(proxy.addr).await.unwrap();
    let (relay, control) = proxy.granted(socket.local_addr());
    (Arc::new(socket), relay, control)
}

#[::tokio::test]
async fn each_connection_that_waits_to_send_is_woken() {
    let (socket, _relay, _control) = associated().await;
    poll_fn(|cx| socket.poll_send_ready(cx)).await.unwrap();
    let mut pollers: Vec<_> = (0..3).map(|_| Arc::clone(&socket).create_io_poller()).collect();
    let tasks: Vec<_> = (0..3).map(|_| Arc::<Task>::default()).collect();
    let mut poll = || {
        let wakers = tasks.iter().map(|task| Waker::from(Arc::clone(task)));
        let polled = pollers.iter_mut().zip(wakers);
        polled
            .map(|(poller, waker)| poller.as_mut().poll_writable(&mut Context::from_waker(&waker)))
            .collect()
    };
    let polled: Vec<Poll<_>> = poll();
    assert!(polled.iter().all(|polled| matches!(polled, Poll::Ready(Ok(())))), "{polled:?}");

    // Simulates a full send buffer, which does not occur on loopback.
    let blocked = socket.attempt(Direction::Send, |_| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    assert_eq!(blocked.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let polled: Vec<Poll<_>> = poll();
    assert!(polled.iter().all(Poll::is_pending), "{polled:?}");
    socket.shared.sockets.bell(Direction::Send).waker.wake_by_ref();
    let woken: Vec<_> = tasks.iter().map(|task| task.0.load(Relaxed)).collect();
    assert_eq!(woken, [1; 3]);
}

#[test]
fn addresses_are_mapped_both_ways() {
    for (ip, expected) in [("192.0.2.7", "192.0.2.7:443"), ("2001:db8::7", "[2001:db8::7]:443")] {
        let ip = mapped(ip.parse().unwrap());
        assert_eq!(target(SocketAddr::new(ip.into(), 443)).to_string(), expected);
    }
    assert_eq!(mapped("192.0.2.7".parse().unwrap()).to_string(), "::ffff:192.0.2.7");
}
