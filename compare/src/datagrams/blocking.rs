//! The sockets whose callers block.

use super::datagram::{BATCH, DATA, HEADER, LONGEST, ROOM, TARGET};
use super::relay::{Proxy, Relay};
use super::way::{Role, Way, all, each};
#[cfg(test)]
use super::{relay::PATIENCE, unusual::Receiver};
use anysocks::blocking::Socks5UdpSocket;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use socks::Socks5Datagram;
use std::io::Result;
use std::net::UdpSocket;

pub(super) fn send() -> Vec<Way> {
    vec![
        sending("std UdpSocket::send", Role::Bare, Relay::bare(), UdpSocket::send),
        sending("the same again", Role::BareAgain, Relay::bare(), UdpSocket::send),
        sending("anysocks send_to", Role::Ours, associated(), |socket, data| socket.send_to(data, TARGET)),
        sending("anysocks send", Role::Ours, connected(), Socks5UdpSocket::send),
        send_in_place(),
        send_batch(),
        sending("socks send_to", Role::Rival, socks(), |socket, data| {
            // It counts the header too.
            socket.send_to(data, TARGET).map(|sent| sent - HEADER.len())
        }),
    ]
}

pub(super) fn receive() -> Vec<Way> {
    let at_once = |(relay, socket): (Relay, _)| (relay.at_once(), socket);
    vec![
        receiving("std UdpSocket::recv", Role::Bare, Relay::bare(), UdpSocket::recv),
        receiving("the same again", Role::BareAgain, Relay::bare(), UdpSocket::recv),
        receiving("anysocks recv_from", Role::Ours, associated(), |socket, room| {
            Ok(socket.recv_from(room)?.0)
        }),
        receiving("anysocks recv", Role::Ours, connected(), Socks5UdpSocket::recv),
        receiving("anysocks recv_in_place", Role::Ours, associated(), |socket, room| {
            Ok(socket.recv_in_place(room)?.payload.len())
        }),
        receive_batch("anysocks recv_batch", Role::OurBatch, at_once(associated())),
        receive_batch("anysocks recv_batch, sent one by one", Role::Aside, associated()),
        receiving("socks recv_from", Role::Rival, socks(), |socket, room| Ok(socket.recv_from(room)?.0)),
    ]
}

#[cfg(test)]
pub(super) fn receivers() -> Vec<Receiver> {
    let (relay, ours) = associated();
    ours.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let call = move |room: &mut [u8]| ours.recv_from(room).map(|(n, _)| n).map_err(|error| error.to_string());
    let (socks_relay, socks) = socks();
    socks.get_ref().set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let socks_call =
        move |room: &mut [u8]| socks.recv_from(room).map(|(n, _)| n).map_err(|error| error.to_string());
    vec![
        Receiver { name: "anysocks, blocking", relay, call: Box::new(call) },
        Receiver { name: "socks", relay: socks_relay, call: Box::new(socks_call) },
    ]
}

fn associated() -> (Relay, Socks5UdpSocket) {
    let proxy = Proxy::new();
    let socket = Socks5UdpSocket::associate(proxy.addr).expect("an association");
    (proxy.relay(socket.local_addr()), socket)
}

fn connected() -> (Relay, Socks5UdpSocket) {
    let (relay, socket) = associated();
    socket.connect(TARGET).expect("a peer");
    (relay, socket)
}

fn socks() -> (Relay, Socks5Datagram) {
    let proxy = Proxy::new();
    let socket = Socks5Datagram::bind(proxy.addr, "127.0.0.1:0").expect("an association");
    let client = socket.get_ref().local_addr().expect("an address");
    (proxy.relay(client), socket)
}

fn sending<S: 'static>(
    name: &'static str,
    role: Role,
    (relay, socket): (Relay, S),
    call: impl Fn(&S, &[u8]) -> Result<usize> + 'static,
) -> Way {
    Way::send(name, role, relay, move |size| {
        each(|| assert_eq!(call(&socket, &DATA[..size]).expect("a datagram that leaves"), size))
    })
}

fn send_in_place() -> Way {
    let (relay, socket) = associated();
    let mut room = [7; HEADROOM + LONGEST];
    Way::send("anysocks send_in_place", Role::Ours, relay, move |size| {
        let data = &mut room[..HEADROOM + size];
        each(|| {
            let sent = socket.send_in_place(data, TARGET).expect("a datagram that leaves");
            assert_eq!(sent, size);
        })
    })
}

fn send_batch() -> Way {
    let (relay, socket) = associated();
    let mut batch = SendBatch::new();
    Way::send("anysocks send_batch", Role::OurBatch, relay, move |size| {
        all(|| {
            for _ in 0..BATCH {
                batch.push(&DATA[..size], TARGET).expect("room for a datagram");
            }
            while !batch.is_empty() {
                socket.send_batch(&mut batch).expect("datagrams that leave");
            }
        })
    })
}

fn receiving<S: 'static>(
    name: &'static str,
    role: Role,
    (relay, socket): (Relay, S),
    call: impl Fn(&S, &mut [u8]) -> Result<usize> + 'static,
) -> Way {
    let mut room = [0; ROOM];
    Way::receive(name, role, relay, move |size| {
        each(|| assert_eq!(call(&socket, &mut room).expect("a datagram"), size))
    })
}

fn receive_batch(name: &'static str, role: Role, (relay, socket): (Relay, Socks5UdpSocket)) -> Way {
    let mut batch = RecvBatch::default();
    Way::receive(name, role, relay, move |size| {
        all(|| {
            let mut left = usize::from(BATCH);
            while left > 0 {
                left -= socket.recv_batch(&mut batch).expect("datagrams");
                assert!(batch.iter().all(|datagram| datagram.payload.len() == size));
            }
        })
    })
}
