use super::{
    Inbox, LONGEST, RecvBatch, Segmentation, SendBatch, Surroundings, coalesce, portable, receive, send,
};
use crate::protocol::target::Target;
use crate::udp::{Datagram, Header, Source};
use socket2::{SockRef, Socket};
use std::io;
use std::net::UdpSocket;
use std::time::Duration;

const TARGET: &str = "192.0.2.1:7";

/// The client's socket and the relay's, connected to each other.
fn pair() -> (UdpSocket, UdpSocket) {
    let [client, relay] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    client.connect(relay.local_addr().unwrap()).unwrap();
    relay.connect(client.local_addr().unwrap()).unwrap();
    client.set_nonblocking(true).unwrap();
    relay.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    relay.set_nonblocking(true).unwrap();
    (client, relay)
}

fn await_readable(socket: &UdpSocket) {
    socket.set_nonblocking(false).unwrap();
    socket.peek(&mut [0]).map(drop).or_else(truncated).unwrap();
    socket.set_nonblocking(true).unwrap();
}

/// Accepts the error that some systems return for a truncated datagram.
fn truncated(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(error),
        _ => Ok(()),
    }
}

fn payload(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (number * 31 + at * 7).to_le_bytes()[0]).collect()
}

/// One datagram for each length of payload, all for the same target.
fn batch_of(lengths: &[usize]) -> SendBatch {
    let mut batch = SendBatch::new();
    for (number, len) in lengths.iter().enumerate() {
        batch.push(&payload(number, *len), TARGET).unwrap();
    }
    batch
}

fn datagrams(batch: &SendBatch) -> Vec<Vec<u8>> {
    let mut bytes = batch.bytes();
    let each = batch.lengths().iter().map(|len| {
        let (datagram, rest) = bytes.split_at(usize::from(*len));
        bytes = rest;
        datagram.to_vec()
    });
    each.collect()
}

const ALONE: Surroundings<'_> = Surroundings { headers: &[], most: None };

type SendBy = fn(&Socket, &mut SendBatch) -> io::Result<usize>;
type Receive = fn(&Socket, &mut RecvBatch) -> io::Result<usize>;

fn send_by_system(socket: &Socket, batch: &mut SendBatch) -> io::Result<usize> {
    send(socket, ALONE, batch, &Segmentation::of(socket))
}

/// Receives this number of raw datagrams.
fn receive_all(socket: &UdpSocket, count: usize, batch: &mut RecvBatch, receive: Receive) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < count {
        await_readable(socket);
        assert_eq!(receive(&SockRef::from(socket), batch).unwrap(), batch.len());
        assert_eq!(batch.iter().count(), batch.len());
        all.extend(batch.raw().map(<[u8]>::to_vec));
    }
    all
}

#[test]
fn datagrams_of_any_lengths_arrive_whole_and_in_order() {
    let of_many_lengths: Vec<usize> = (0..60).map(|n| n * n % 11 / 3 * 40).collect();
    for lengths in [
        &[100; 5][..],
        &[100, 100, 100, 40],
        &[0, 0, 0],
        &[0, 5, 5, 3, 7, 1, 1, 1, 9, 2, 2, 0],
        &[10, 20, 30, 40],
        &[40, 30, 20, 10],
        &[20; 70],
        &[1200; 60],
        &of_many_lengths,
    ] {
        for (send, receive, coalescing) in [
            (send_by_system as SendBy, receive as Receive, true),
            (send_by_system, receive, false),
            (send_by_system, portable::tests::receive, false),
            (portable::tests::send, receive, true),
        ] {
            let (client, relay) = pair();
            let coalescing = coalescing && coalesce(&SockRef::from(&relay)).is_ok();
            let mut batch = batch_of(lengths);
            let sent = datagrams(&batch);
            assert_eq!(send(&SockRef::from(&client), &mut batch).unwrap(), lengths.len());
            assert!(batch.is_empty());
            let received = receive_all(&relay, lengths.len(), &mut RecvBatch::new(4), receive);
            assert_eq!(received, sent, "{lengths:?}, coalescing: {coalescing}");
            let nothing = receive(&SockRef::from(&relay), &mut RecvBatch::new(4)).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        }
    }
}

#[test]
fn a_message_of_several_peers_is_split() {
    let (client, relay) = pair();
    let together = coalesce(&SockRef::from(&relay)).is_ok();
    let mut batch = SendBatch::new();
    // 10 + 40, 22 + 28, 7 + 9 + 34: equal lengths, with headers of different lengths.
    batch.push(&[1; 40], "192.0.2.1:1").unwrap();
    batch.push(&[2; 28], "[2001:db8::2]:2").unwrap();
    batch.push(&[3; 34], "a.example:3").unwrap();
    batch.push(&[], "a.example:4").unwrap();
    assert_eq!(send_by_system(&SockRef::from(&client), &mut batch).unwrap(), 4);
    let expected = [
        (Source::Ip("192.0.2.1:1".parse().unwrap()), &[1; 40][..]),
        (Source::Ip("[2001:db8::2]:2".parse().unwrap()), &[2; 28]),
        (Source::Name(b"a.example", 3), &[3; 34]),
        (Source::Name(b"a.example", 4), &[]),
    ];
    let mut batch = RecvBatch::new(if together { 1 } else { 4 });
    let received = receive_all(&relay, 4, &mut batch, receive);
    assert!(batch.len() == 4 || !together);
    for (bytes, (source, payload)) in received.iter().zip(expected) {
        let datagram = Datagram::parse(bytes).unwrap();
        assert_eq!((datagram.source, datagram.payload), (source, payload));
    }
}

#[test]
fn malformed_and_removed_datagrams_are_not_returned() {
    let (client, relay) = pair();
    let good = [Header::new(&TARGET.try_into().unwrap()).unwrap().as_bytes(), b"good"].concat();
    let mut fragment = good.clone();
    fragment[2] = 1;
    let sent = [&good[..], b"", &fragment, &good[..9], b"\0\0\0\x02address", &good];
    for datagram in sent {
        client.send(datagram).unwrap();
    }
    let mut batch = RecvBatch::new(sent.len());
    let mut raw = Vec::new();
    while raw.len() < sent.len() {
        await_readable(&relay);
        receive(&SockRef::from(&relay), &mut batch).unwrap();
        assert!(batch.iter().all(|datagram| datagram.payload == b"good"));
        batch.retain_within(|bytes| {
            raw.push(bytes.to_vec());
            Datagram::parse(bytes).is_ok_and(|datagram| datagram.fragment == 0).then_some(0)
        });
        assert_eq!(batch.iter().count(), batch.len());
    }
    assert_eq!(raw, sent);
    batch.retain_within(|_| None);
    assert!(batch.is_empty());
}

#[test]
fn a_batch_receives_no_more_messages_than_its_buffer_holds() {
    let (client, relay) = pair();
    for len in [1, 2, 3, 4, 5] {
        client.send(&payload(0, 20)[..15 + len]).unwrap();
    }
    let mut batch = RecvBatch::new(2);
    let counts = [2, 2, 1].map(|_| {
        await_readable(&relay);
        receive(&SockRef::from(&relay), &mut batch).unwrap()
    });
    assert_eq!(counts, [2, 2, 1]);
    assert!(receive(&SockRef::from(&relay), &mut batch).is_err());
    assert!(batch.is_empty(), "the previous datagrams are discarded");
}

#[test]
fn the_inbox_returns_one_datagram_at_a_time() {
    let (client, relay) = pair();
    let together = coalesce(&SockRef::from(&relay)).is_ok();
    let mut inbox = Inbox::new();
    assert_eq!(inbox.next(&SockRef::from(&relay)).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let mut batch = batch_of(&[30, 30, 30, 20]);
    let sent = datagrams(&batch);
    send_by_system(&SockRef::from(&client), &mut batch).unwrap();
    for datagram in &sent[..2] {
        if inbox.is_empty() {
            await_readable(&relay);
        }
        assert_eq!(inbox.next(&SockRef::from(&relay)).unwrap(), datagram);
        assert_eq!(inbox.is_empty(), !together);
    }
    let mut rest = RecvBatch::new(1);
    if together {
        assert_eq!(inbox.move_to(&mut rest), 2);
        assert!(rest.raw().eq(&sent[2..]));
    }
    assert!(inbox.is_empty());
    assert_eq!(inbox.move_to(&mut rest), 0);
    assert!(rest.is_empty());
}

#[test]
fn the_longest_datagram_of_udp_is_the_limit() {
    let mut batch = SendBatch::new();
    let longest = vec![7; usize::from(LONGEST) - 10];
    batch.push(b"first", TARGET).unwrap();
    assert!(batch.push(&[&longest[..], &[7]].concat(), TARGET).is_err());
    assert!(batch.push(b"", "no port").is_err());
    assert_eq!((batch.len(), batch.bytes().len()), (1, 15));
    batch.clear();
    batch.push(&longest, TARGET).unwrap();
    let (client, relay) = pair();
    let sent = datagrams(&batch);
    assert_eq!(send_by_system(&SockRef::from(&client), &mut batch).unwrap(), 1);
    assert_eq!(receive_all(&relay, 1, &mut RecvBatch::new(1), receive), sent);
}

/// A Unix-domain socket blocks while the peer reads nothing; a UDP socket on loopback never does.
#[cfg(unix)]
#[test]
fn the_next_call_sends_the_rest_and_nothing_twice() {
    use std::os::unix::net::UnixDatagram;

    for send in [send_by_system as SendBy, portable::tests::send] {
        let (client, relay) = UnixDatagram::pair().unwrap();
        client.set_nonblocking(true).unwrap();
        relay.set_nonblocking(true).unwrap();
        let (mut batch, mut pushed, mut received) = (SendBatch::new(), 0_usize, 0_usize);
        for _ in 0..20 {
            while batch.len() < 2000 {
                batch.push(&pushed.to_le_bytes(), TARGET).unwrap();
                pushed += 1;
            }
            let before = batch.len();
            let sent = send(&SockRef::from(&client), &mut batch).unwrap();
            assert!(0 < sent && sent < before && batch.len() == before - sent);
            let full = send(&SockRef::from(&client), &mut batch).unwrap_err();
            assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
            assert_eq!(batch.len(), before - sent);
            let mut buf = [0; 64];
            while let Ok(len) = relay.recv(&mut buf) {
                let datagram = Datagram::parse(&buf[..len]).unwrap();
                assert_eq!(datagram.payload, received.to_le_bytes());
                received += 1;
            }
            assert_eq!(pushed - batch.len(), received);
        }
    }
}

#[test]
fn an_error_is_returned_if_nothing_was_sent() {
    let unconnected = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut batch = batch_of(&[10, 10, 20]);
    assert!(send_by_system(&SockRef::from(&unconnected), &mut batch).is_err());
    assert_eq!(batch.len(), 3);
    batch.clear();
    assert_eq!(send_by_system(&SockRef::from(&unconnected), &mut batch).unwrap(), 0);
}

#[test]
fn buffers_are_reused() {
    let (client, relay) = pair();
    let together = coalesce(&SockRef::from(&relay)).is_ok();
    let (client, relay) = (SockRef::from(&client), SockRef::from(&relay));
    let segmentation = Segmentation::of(&client);
    let (mut outgoing, mut incoming) = (SendBatch::new(), RecvBatch::default());
    let mut round = || {
        let sent = allocation_counter::measure(|| {
            (0..40).for_each(|_| outgoing.push(&[7; 100], TARGET).unwrap());
            send(&client, ALONE, &mut outgoing, &segmentation).unwrap();
        });
        let received = allocation_counter::measure(|| {
            while receive(&relay, &mut incoming).is_ok() {
                assert!(incoming.iter().all(|datagram| datagram.payload.len() == 100));
            }
        });
        (sent.count_total, received.count_total)
    };
    assert_ne!(round(), (0, 0));
    let (sent, received) = round();
    assert_eq!(sent, 0);
    assert!(received == 0 || !together, "{received}");
}

/// A datagram that a later leg of a chain can't carry is not sent, and ends the call.
#[test]
fn a_datagram_that_is_too_long_for_a_chain() {
    let (client, server) = pair();
    let client = SockRef::from(&client);
    server.set_nonblocking(false).unwrap();
    let segmentation = Segmentation::of(&client);
    let mut batch = SendBatch::new();
    let peer = Target::try_from("192.0.2.1:53").unwrap();
    for len in [40, 50, 51, 40] {
        batch.push(&vec![7; len], &peer).unwrap();
    }
    let narrow = Surroundings { headers: &[1, 2], most: Some(60) };
    assert_eq!(send(&client, narrow, &mut batch, &segmentation).unwrap(), 2);
    let error = send(&client, narrow, &mut batch, &segmentation).unwrap_err();
    assert_eq!((error.kind(), batch.len()), (io::ErrorKind::InvalidInput, 2));
    for len in [52, 62] {
        assert_eq!(server.recv(&mut [0; 100]).unwrap(), len);
    }
    let wide = Surroundings { headers: &[], most: Some(61) };
    assert_eq!(send(&client, wide, &mut batch, &segmentation).unwrap(), 2);
}
