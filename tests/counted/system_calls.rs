//! System calls: one to send a datagram or a frame, and one to receive it.
//!
//! `strace` counts the calls of this same test, which runs again with a number of messages in its
//! environment. The difference between two numbers is the cost of the messages, because all else
//! is equal.

use crate::encapsulated;
use crate::numbered::Layer;
use crate::scene::{PATIENCE, Setting};
use crate::strace;
use crate::support::case::Case;
use crate::support::echo::payload;
use crate::support::left_out::left_out;
use crate::support::server::Server;
use crate::{REPLY, REQUEST};
use anysocks::blocking::Socks5Stream;
use std::env;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::ops::RangeInclusive;

const TARGET: &str = "192.0.2.7:53";
const NUMBER: &str = "ANYSOCKS_COUNTED_MESSAGES";

/// What a message may be moved or waited for by. Not every machine has all of them.
const TRACED: &str = "trace=%network,read,readv,write,writev,fcntl,ioctl,ppoll,?poll,?select,pselect6,?epoll_wait,epoll_pwait,epoll_ctl";

/// The echo of the relay or the peer is counted too.
pub(crate) const OF_THE_ECHO: usize = 2;

/// After 128 calls a task lets others run, and there are 200 of them.
#[cfg(feature = "tokio")]
const RESTS: RangeInclusive<usize> = 1..=2;

#[test]
fn on_blocking() {
    let Some(number) = number() else { return measure("system_calls::on_blocking", 2 + OF_THE_ECHO, 0..=0) };
    let associate =
        |proxy: &_| anysocks::blocking::Socks5UdpSocket::associate(proxy).expect("an association");
    let (socket, relay, _control) = Setting::default().associate(associate);
    relay.connect(socket.local_addr()).expect("a way to the client");
    let mut buf = vec![0; 1 << 16];
    for payload in payloads(number) {
        socket.send_to(&payload, TARGET).expect("sent");
        echo(&relay);
        socket.recv_from(&mut buf[..payload.len()]).expect("an echo");
    }
}

/// The limit of a read costs nothing while frames with content arrive.
#[test]
fn of_an_encapsulated_stream() {
    let Some(number) = number() else {
        return measure("system_calls::of_an_encapsulated_stream", 2 + OF_THE_ECHO, 0..=0);
    };
    let layer = Layer::new(0x5A, 4096);
    let server = Server::start(encapsulated::lines(layer, REQUEST, REPLY), |client| {
        client.try_clone().expect("a handle")
    });
    let proxy = server.proxy().auth(layer.auth()).expect("SOCKS5");
    let mut stream: Socks5Stream = Socks5Stream::connect(&proxy, crate::TARGET).expect("the tunnel");
    stream.get_ref().set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.get_ref().set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let mut peer = server.join();
    let mut frame = [0; 8192];
    for _ in 0..number {
        stream.write_all(&payload(1000)).expect("an open stream");
        let n = peer.read(&mut frame).expect("a frame");
        peer.write_all(&frame[..n]).expect("a client that listens");
        assert_eq!(stream.read(&mut [0; 1000]).expect("an echo"), 1000);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn on_tokio() {
    let Some(number) = number() else { return measure("system_calls::on_tokio", 2 + OF_THE_ECHO, RESTS) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (socket, relay, _control) = Setting::default().associate(|proxy| {
        let associated = runtime.block_on(anysocks::tokio::Socks5UdpSocket::associate(proxy));
        associated.expect("an association")
    });
    relay.connect(socket.local_addr()).expect("a way to the client");
    runtime.block_on(async {
        let mut buf = vec![0; 1 << 16];
        for payload in payloads(number) {
            socket.send_to(&payload, TARGET).await.expect("sent");
            echo(&relay);
            socket.recv_from(&mut buf[..payload.len()]).await.expect("an echo");
        }
    });
}

pub(crate) fn number() -> Option<usize> {
    env::var(NUMBER).ok().map(|number| number.parse().expect("a number"))
}

/// Each way that a payload goes in turns.
fn payloads(number: usize) -> impl Iterator<Item = Vec<u8>> {
    [1, 1200, 3000, 6000].into_iter().cycle().take(number).map(payload)
}

fn echo(relay: &UdpSocket) {
    let mut datagram = [0; 8192];
    let n = relay.recv(&mut datagram).expect("a datagram");
    relay.send(&datagram[..n]).expect("a client");
}

/// Runs the test with different numbers of messages, each of which takes `of_each` calls. `rests`
/// is how often the runtime looks what else is ready.
pub(crate) fn measure(test: &str, of_each: usize, rests: RangeInclusive<usize>) {
    let calls = |number: usize| strace::calls(test, TRACED, [(NUMBER, number.to_string())]);
    let Some((few, many)) = calls(40).zip(calls(140)) else {
        return left_out(test, "strace is not installed");
    };
    let _case = Case::new(format!("{few} calls for 40 messages each way, and {many} for 140"));
    let resting = (many - few).checked_sub(100 * of_each);
    let as_expected = resting.is_some_and(|resting| rests.contains(&resting));
    assert!(as_expected, "{} system calls of 100 messages each way", many - few);
}
