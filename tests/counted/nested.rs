//! Datagrams through a chain: no allocation, and one system call for each datagram or batch.

use crate::allocations::counted;
use crate::chains::{BEHIND, Listening, behind};
use crate::messages::Speaks;
use crate::scene::{PATIENCE, reply};
use crate::support::case::Case;
use crate::support::echo::payload;
use anysocks::blocking::{Connector, Socks5UdpSocket};
use anysocks::udp::{RecvBatch, SendBatch};
use std::net::{TcpStream, UdpSocket};

const TARGET: &str = "192.0.2.7:53";
const NEXT_RELAY: &str = "192.0.2.102:5002";

/// An association through two proxies, and its other ends.
pub(crate) struct Nested {
    pub(crate) socket: Socks5UdpSocket,
    pub(crate) relay: UdpSocket,
    _controls: Vec<TcpStream>,
}

pub(crate) fn nested() -> Nested {
    let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let bound = relay.local_addr().expect("an address").to_string();
    let associate = |bound: &str| Speaks::Socks5.lines(3, "0.0.0.0:0", reply(bound));
    let second = [Speaks::Socks5.connection(BEHIND[0]), associate(NEXT_RELAY)].concat();
    let server = Listening::start(vec![associate(&bound), second]);
    let connector = Connector::new(behind(server.addr, &[Speaks::Socks5; 2]));
    let socket = connector.associate().expect("an association");
    relay.connect(socket.local_addr()).expect("a way to the client");
    relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    Nested { socket, relay, _controls: server.join() }
}

fn free<T>(work: impl FnOnce() -> std::io::Result<T>) -> T {
    let (count, done) = counted(work);
    assert_eq!(count, 0, "allocations");
    done.expect("it goes")
}

#[test]
fn no_allocations() {
    let Nested { socket, relay, .. } = nested();
    let echoed = || {
        let mut datagram = vec![0; 1 << 16];
        let n = relay.recv(&mut datagram).expect("a datagram");
        relay.send(&datagram[..n]).expect("a client");
    };
    let mut buf = vec![0; 1 << 16];
    // The first receive takes the buffer that the others use.
    socket.send_to(b"first", TARGET).expect("sent");
    echoed();
    socket.recv(&mut buf).expect("an echo");
    for len in [0, 1200, 4096, 9000, 60_000] {
        let _case = Case::new(format!("{len} bytes"));
        let payload = payload(len);
        let mut in_place = [&vec![0; socket.headroom()][..], &payload].concat();
        assert_eq!(free(|| socket.send_to(&payload, TARGET)), len);
        echoed();
        assert_eq!(free(|| socket.recv_from(&mut buf)).0, len);
        assert_eq!(free(|| socket.send_in_place(&mut in_place, TARGET)), len);
        echoed();
        assert_eq!(free(|| socket.recv_in_place(&mut buf)).payload.len(), len);
    }
    let (mut outgoing, mut incoming) = (SendBatch::new(), RecvBatch::new(1));
    for round in 0..3 {
        for len in [1200, 1200, 1200, 60, 5000, 1] {
            outgoing.push(&buf[..len], TARGET).expect("room");
        }
        while !outgoing.is_empty() {
            assert!(free(|| socket.send_batch(&mut outgoing)) > 0);
        }
        (0..6).for_each(|_| echoed());
        let mut all = 0;
        while all < 6 {
            let (count, received) = counted(|| socket.recv_batch(&mut incoming));
            all += received.expect("datagrams");
            assert!(round == 0 || count == 0, "{count} allocations to receive");
        }
    }
}

#[cfg(target_os = "linux")]
mod system_calls {
    use super::*;
    use crate::scene::datagram;
    use crate::system_calls::{OF_THE_ECHO, measure, number};

    #[test]
    fn of_single_datagrams() {
        let Some(number) = number() else {
            return measure("nested::system_calls::of_single_datagrams", 2 + OF_THE_ECHO, 0..=0);
        };
        let Nested { socket, relay, .. } = nested();
        let mut buf = vec![0; 1 << 16];
        for len in [1, 1200, 3000, 6000].into_iter().cycle().take(number) {
            socket.send_to(&payload(len), TARGET).expect("sent");
            let n = relay.recv(&mut buf).expect("a datagram");
            relay.send(&buf[..n]).expect("a client");
            assert_eq!(socket.recv_from(&mut buf).expect("an echo").0, len);
        }
    }

    const BATCH: usize = 10;

    /// Datagrams of equal length leave together, and others do too.
    #[test]
    fn of_sent_batches() {
        let Some(number) = number() else {
            return measure("nested::system_calls::of_sent_batches", 1 + BATCH, 0..=0);
        };
        let Nested { socket, relay, .. } = nested();
        let mut heard = [0; 2048];
        let mut batch = SendBatch::new();
        for round in 0..number {
            let length = |n: usize| if round % 2 == 0 { 1200 } else { 100 + n };
            for n in 0..BATCH {
                batch.push(&payload(length(n)), TARGET).expect("room");
            }
            assert_eq!(socket.send_batch(&mut batch).expect("sent"), BATCH);
            for n in 0..BATCH {
                let len = relay.recv(&mut heard).expect("a datagram");
                let inner = datagram(TARGET, &payload(length(n)));
                assert!(heard[..len] == datagram(NEXT_RELAY, &inner), "other bytes");
            }
        }
    }

    /// What the system joins is received by one call.
    #[test]
    fn of_received_batches() {
        use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
        use std::io::IoSlice;
        use std::os::fd::AsRawFd;
        let Some(number) = number() else {
            return measure("nested::system_calls::of_received_batches", 2, 0..=0);
        };
        let Nested { socket, relay, .. } = nested();
        let mut batch = RecvBatch::new(1);
        let one = datagram(NEXT_RELAY, &datagram(TARGET, &payload(1200)));
        relay.send(&one).expect("a client");
        assert_eq!(socket.recv_batch(&mut batch).expect("a datagram"), 1);
        let len = u16::try_from(one.len()).expect("a length");
        let all = one.repeat(BATCH);
        for _ in 0..number {
            let control = [ControlMessage::UdpGsoSegments(&len)];
            sendmsg::<()>(relay.as_raw_fd(), &[IoSlice::new(&all)], &control, MsgFlags::empty(), None)
                .expect("sent");
            assert_eq!(socket.recv_batch(&mut batch).expect("datagrams"), BATCH);
            assert!(batch.iter().all(|one| one.payload == payload(1200)), "other bytes");
        }
    }
}
