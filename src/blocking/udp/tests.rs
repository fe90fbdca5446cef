use super::*;
use crate::udp::test_proxy::{DATAGRAM, TestProxy, send_coalesced};

const PATIENCE: Duration = Duration::from_secs(20);

/// A thread that drops datagrams and takes no more of them wakes another one for the rest.
#[test]
fn datagrams_that_are_left_after_some_were_dropped() {
    type Call = fn(&SocksUdpSocket<Blocking>) -> io::Error;
    let calls: [Call; 2] = [
        |socket| socket.try_recv_from(&mut [0; 64]).unwrap_err(),
        |socket| {
            // The call ends as soon as it has dropped a datagram.
            socket.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
            socket.recv_from(&mut [0; 64]).unwrap_err()
        },
    ];
    for call in calls {
        let proxy = TestProxy::start();
        let socket = SocksUdpSocket::<Blocking>::associate(proxy.addr).unwrap();
        let (relay, _control) = proxy.granted(socket.local_addr());
        relay.send(DATAGRAM).unwrap();
        assert_eq!(socket.recv_batch(&mut RecvBatch::new(1)).unwrap(), 1);
        socket.connect("192.0.2.9:53").unwrap();
        let end = Instant::now() + PATIENCE;
        while !socket.has_more() {
            assert!(Instant::now() < end);
            for _ in 0..2 {
                send_coalesced(&relay, DATAGRAM, 40);
            }
            let waiting = socket.sockets().more.wait();
            call(&socket);
            let mut polled = ArrayVec::new();
            waiting.add_to(&mut polled);
            let woken = wait(&mut polled, Some(Instant::now())).unwrap();
            assert!(woken || !socket.has_more(), "no thread was woken for the rest");
        }
    }
}
