//! What is at the other end: proxies that never complete an answer, and addresses that never
//! accept.

#![allow(dead_code, reason = "some cases are for Linux only")]

use crate::messages::Speaks;
use crate::scene::{BEHIND, TARGET, dialogue, falling_silent, play, serving};
use crate::support::script::{Line, client, proxy};
use crate::ways::hooks::masked;
use anysocks::Stage;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

/// The kinds of the proxies of a chain.
pub(crate) const CHAIN: [Speaks; 3] = [Speaks::Socks4, Speaks::Socks5, Speaks::Socks4];

/// A SOCKS5 reply with the longest name.
const LONGEST_REPLY: usize = 262;
/// The most connections that fill a backlog of 0. Systems round it up.
const MOST_FILLERS: usize = 64;

pub(crate) struct Peers {
    /// Sends nothing.
    pub(crate) silent: SocketAddr,
    /// Sends the first byte of a METHOD selection, and nothing more.
    pub(crate) half_selection: SocketAddr,
    /// Selects user name and password, and sends the first byte of the status.
    pub(crate) half_status: SocketAddr,
    /// Answers the greeting, and then nothing.
    pub(crate) greeting: SocketAddr,
    /// Selects no authentication, and sends a long reply, a byte every 100 ms.
    pub(crate) trickle5: SocketAddr,
    /// Sends a SOCKS4 reply, a byte every 400 ms.
    pub(crate) trickle4: SocketAddr,
    /// Grants BIND, and never sends the second reply.
    pub(crate) bound: SocketAddr,
    /// Grants BIND, and sends the second reply in that way.
    pub(crate) second5: SocketAddr,
    pub(crate) second4: SocketAddr,
    /// Grant CONNECT, and read nothing more.
    pub(crate) unread5: SocketAddr,
    pub(crate) unread4: SocketAddr,
    /// The last proxy of a chain, which is that one.
    pub(crate) unread_chain: SocketAddr,
    /// The same as `unread5`, masked.
    pub(crate) unread_masked: SocketAddr,
    /// A chain whose second proxy is silent.
    pub(crate) silent_second: SocketAddr,
    /// A chain whose second proxy trickles.
    pub(crate) trickling_second: SocketAddr,
    /// Grants UDP ASSOCIATE.
    pub(crate) associating: SocketAddr,
    /// Selects METHOD X'82', and answers no request.
    pub(crate) sequence: SocketAddr,
    /// The same, and sends a long reply, a byte every 100 ms.
    pub(crate) sequence_trickle: SocketAddr,
    /// Selects METHOD X'82', and grants UDP ASSOCIATE.
    pub(crate) sequence_associating: SocketAddr,
    /// It never accepts.
    pub(crate) dead: SocketAddr,
    /// Fill the backlog of `dead`.
    waiting: Vec<Socket>,
}

impl Peers {
    pub(crate) fn start() -> Self {
        let (dead, waiting) = dead();
        let long = [&[5, 0, 0, 3, 255][..], &[b'a'; LONGEST_REPLY - 5]].concat();
        let granted4 = Speaks::Socks4.granted("192.0.2.1:80");
        let bound = |kind: Speaks| kind.lines(2, TARGET, kind.granted("192.0.2.7:12345"));
        let pair = [Speaks::Socks4, Speaks::Socks5];
        let until_second = Speaks::Socks4.connection(BEHIND[0]);
        Self {
            silent: falling_silent(vec![]),
            half_selection: trickling(vec![], vec![5], Duration::from_millis(300)),
            half_status: trickling(
                Speaks::Password.greeting()[..2].to_vec(),
                vec![1],
                Duration::from_millis(300),
            ),
            greeting: falling_silent(Speaks::Socks5.greeting()),
            trickle5: trickling(Speaks::Socks5.greeting(), long.clone(), Duration::from_millis(100)),
            trickle4: trickling(vec![], granted4.clone(), Duration::from_millis(400)),
            bound: falling_silent(bound(Speaks::Socks5)),
            second5: trickling(bound(Speaks::Socks5), long.clone(), Duration::from_millis(100)),
            second4: trickling(bound(Speaks::Socks4), granted4, Duration::from_millis(400)),
            unread5: never_reading(Speaks::Socks5.connection(TARGET)),
            unread4: never_reading(Speaks::Socks4.connection(TARGET)),
            unread_chain: never_reading(dialogue(&pair, TARGET)),
            unread_masked: never_reading(masked(&Speaks::Socks5.connection(TARGET))),
            silent_second: falling_silent(until_second.clone()),
            trickling_second: trickling(
                [until_second, Speaks::Socks5.greeting()].concat(),
                long.clone(),
                Duration::from_millis(100),
            ),
            associating: falling_silent(Speaks::Socks5.lines(
                3,
                "0.0.0.0:0",
                Speaks::Socks5.granted("127.0.0.1:9"),
            )),
            sequence: falling_silent(sequence()),
            sequence_trickle: trickling(
                [sequence(), vec![client([5])]].concat(),
                long,
                Duration::from_millis(100),
            ),
            sequence_associating: falling_silent(
                [
                    sequence(),
                    vec![
                        client(Speaks::Socks5.request(3, "0.0.0.0:0")),
                        proxy(Stage::Request, Speaks::Socks5.granted("127.0.0.1:9")),
                    ],
                ]
                .concat(),
            ),
            dead,
            waiting,
        }
    }
}

/// The greeting with a sequence of METHODs, of which the proxy selects none.
fn sequence() -> Vec<Line> {
    vec![client([5, 1, 0x82]), proxy(Stage::MethodSelection, [5, 0x82, 5, 0])]
}

/// Plays the lines, and then sends these bytes, one at a time. Reads what the client sends
/// meanwhile.
fn trickling(lines: Vec<Line>, bytes: Vec<u8>, every: Duration) -> SocketAddr {
    serving(move |mut client| {
        let (lines, bytes) = (lines.clone(), bytes.clone());
        if play(&mut client, &lines).is_err() {
            return;
        }
        let mut trickle = client.try_clone().expect("a second handle");
        thread::spawn(move || {
            for byte in bytes {
                thread::sleep(every);
                if trickle.write_all(&[byte]).is_err() {
                    return;
                }
            }
        });
        // Until the client closes the connection.
        while client.read(&mut [0; 512]).is_ok_and(|n| n > 0) {}
    })
}

/// Plays the lines, and then reads nothing.
fn never_reading(lines: Vec<Line>) -> SocketAddr {
    serving(move |mut client| {
        let _ = play(&mut client, &lines);
        loop {
            thread::park();
        }
    })
}

/// A listener with a full backlog: the system drops new connections.
///
/// # Panics
///
/// If the system accepts [`MOST_FILLERS`] connections nevertheless.
fn dead() -> (SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
    listener.listen(0).expect("a listener");
    let addr = listener.local_addr().expect("an address");
    let mut sockets = vec![listener];
    for _ in 0..MOST_FILLERS {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let is_full = filler.connect_timeout(&addr, Duration::from_secs(1)).is_err();
        sockets.push(filler);
        if is_full {
            return (addr.as_socket().expect("an IP address"), sockets);
        }
    }
    panic!("a listener with a backlog of 0 accepts {MOST_FILLERS} connections");
}
