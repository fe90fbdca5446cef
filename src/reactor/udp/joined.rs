//! Joined datagrams that one task leaves for another: tests for every asynchronous front end.

use super::*;
use crate::runtime::waiters::Ticket;
use crate::udp::test_proxy::{DATAGRAM, TestProxy, send_coalesced};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::Wake;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Returns a socket whose datagrams the system joins, its relay, and the proxy's end of the TCP
/// connection.
async fn joining<F: AsyncFrontEnd>() -> (SocksUdpSocket<F>, UdpSocket, TcpStream) {
    let proxy = TestProxy::start();
    let socket = SocksUdpSocket::<F>::associate(proxy.addr).await.unwrap();
    let (relay, control) = proxy.granted(socket.local_addr());
    relay.send(DATAGRAM).unwrap();
    assert_eq!(socket.recv_batch(&mut RecvBatch::new(1)).await.unwrap(), 1);
    (socket, relay, control)
}

/// Acts as another task, which receives one of two datagrams.
fn leaves_one<F: AsyncFrontEnd>(socket: &SocksUdpSocket<F>, udp: &Socket, relay: &UdpSocket) {
    send_coalesced(relay, DATAGRAM, 2);
    let end = Instant::now() + PATIENCE;
    while !socket.has_more() {
        assert!(Instant::now() < end);
        let _ = socket.take(udp, &mut [0; 64]);
    }
}

/// The other task receives after this one has found no datagram, and before it waits.
pub(crate) async fn before_a_task_waits<F: AsyncFrontEnd>() {
    let (socket, relay, _control) = joining::<F>().await;
    relay.send(DATAGRAM).unwrap();
    let ticket = Ticket::take(&*socket.shared.sockets.bell(Direction::Receive).waiters);
    let (mut buf, mut late) = ([0; 64], false);
    let received = poll_fn(|cx| {
        let attempt = |udp: &Socket| {
            if std::mem::replace(&mut late, true) {
                return socket.take(udp, &mut buf);
            }
            leaves_one(&socket, udp, &relay);
            Err(io::ErrorKind::WouldBlock.into())
        };
        let polled = socket.poll_attempts(cx, Direction::Receive, |waker| ticket.wait(waker), attempt);
        assert!(polled.is_ready() || !late, "the task waits although a datagram is there");
        polled
    });
    assert_eq!(received.await.unwrap(), 7);
}

#[derive(Default)]
struct Task(AtomicU32);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// The other task drops the maximum of one call, and does not take the rest.
pub(crate) async fn after_many_were_dropped<F: AsyncFrontEnd>() {
    type Call<F> = fn(&SocksUdpSocket<F>) -> bool;
    let calls: [Call<F>; 2] = [
        |socket| socket.try_recv_from(&mut [0; 64]).is_err(),
        |socket| {
            let mut cx = Context::from_waker(Waker::noop());
            socket.poll_recv_from(&mut cx, &mut [0; 64]).is_pending()
        },
    ];
    for call in calls {
        let (socket, relay, _control) = joining::<F>().await;
        socket.connect("192.0.2.9:53").await.unwrap();
        let task = Arc::<Task>::default();
        let ticket = Ticket::take(&*socket.shared.sockets.bell(Direction::Receive).waiters);
        let end = Instant::now() + PATIENCE;
        while !socket.has_more() {
            assert!(Instant::now() < end);
            for _ in 0..2 {
                send_coalesced(&relay, DATAGRAM, 40);
            }
            // The runtime has to report that the socket is readable.
            let mut seen = false;
            poll_fn(|cx| {
                let pending = socket.poll_ready(Direction::Receive, &mut |_| (), cx.waker()).is_pending();
                cx.waker().wake_by_ref();
                if pending && !std::mem::replace(&mut seen, true) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            ticket.wait(&Arc::clone(&task).into());
            task.0.store(0, Relaxed);
            assert!(call(&socket));
        }
        assert!(task.0.load(Relaxed) > 0, "no task was woken for the rest");
    }
}
