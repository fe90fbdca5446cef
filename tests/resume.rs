//! A conversation that is interrupted and resumed at every byte, by the same driver and by others:
//! nothing is lost.

mod support;

use anysocks::{Address, Auth, Stage};
use std::task::Poll;
use support::case::Case;
use support::dialogue::{Dialogue, credentials};
use support::drivers::{DRIVERS, Driver};
use support::script::{Line, Manner, Script, Stall, client, proxy};
use support::toy::{self, Level};

const APPLICATION: &[u8] = b"banner";

struct Exchange {
    name: &'static str,
    dialogue: Dialogue,
    lines: Vec<Line>,
    bound: Address,
    framed: bool,
}

fn exchanges() -> Vec<Exchange> {
    const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
    const NAME: &[u8] = b"\x05\x00\x00\x03\x0Dproxy.example\x30\x39";
    let named = || Address::Name(b"proxy.example".to_vec().into(), 12345);
    let password = || Auth::password_only(credentials("me", "key"));
    let behind = |level, request: &[u8], reply: &[u8]| {
        let rest = [client(request), proxy(Stage::Request, reply)];
        [toy::lines(level), rest.to_vec()].concat()
    };
    let bound_for = |peer: &[u8]| {
        vec![
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(*b"\x05\x02\x00\x03\x03a.b\x00\x50"),
            proxy(Stage::Request, *b"\x05\x00\x00\x01\0\0\0\0\x30\x39"),
            proxy(Stage::SecondReply, peer),
        ]
    };
    vec![
        Exchange {
            name: "SOCKS4a, BIND",
            dialogue: Dialogue::v4("me", "a.b:80").bind(),
            lines: vec![
                client(*b"\x04\x02\x00\x50\0\0\0\x01me\0a.b\0"),
                proxy(Stage::Request, *b"\x00\x5A\x9C\x40\xC0\0\x02\x08"),
                proxy(Stage::SecondReply, *b"\x00\x5A\x30\x39\xC0\0\x02\x07"),
            ],
            bound: Address::Ip("192.0.2.7:12345".parse().expect("an address")),
            framed: false,
        },
        Exchange {
            name: "BIND",
            dialogue: Dialogue::v5(Auth::none(), "a.b:80").bind(),
            lines: bound_for(NAME),
            bound: named(),
            framed: false,
        },
        Exchange {
            name: "BIND behind an encapsulation",
            dialogue: Dialogue::v5(toy::auth(), "a.b:80").bind(),
            lines: behind(
                Level::Framed,
                &toy::sealed(b"\x05\x02\x00\x03\x03a.b\x00\x50"),
                // The second reply begins in a frame of the first.
                &toy::sealed(&[b"\x05\x00\x00\x01\0\0\0\0\x30\x39", NAME].concat()),
            ),
            bound: named(),
            framed: true,
        },
        Exchange {
            name: "SOCKS4a",
            dialogue: Dialogue::v4("me", "a.b:80"),
            lines: vec![
                client(*b"\x04\x01\x00\x50\0\0\0\x01me\0a.b\0"),
                proxy(Stage::Request, *b"\x00\x5A\x30\x39\xC0\0\x02\x07"),
            ],
            bound: Address::Ip("192.0.2.7:12345".parse().expect("an address")),
            framed: false,
        },
        Exchange {
            name: "password",
            dialogue: Dialogue::v5(password(), "a.b:80"),
            lines: vec![
                client([5, 1, 2]),
                proxy(Stage::MethodSelection, [5, 2]),
                client(*b"\x01\x02me\x03key"),
                proxy(Stage::Authentication, [1, 0]),
                client(REQUEST),
                proxy(Stage::Request, NAME),
            ],
            bound: named(),
            framed: false,
        },
        Exchange {
            name: "pipelined",
            dialogue: Dialogue::v5(password().pipelined(true), "a.b:80"),
            lines: vec![
                client([b"\x05\x01\x02\x01\x02me\x03key", REQUEST].concat()),
                proxy(Stage::MethodSelection, [5, 2]),
                proxy(Stage::Authentication, [1, 0]),
                proxy(Stage::Request, NAME),
            ],
            bound: named(),
            framed: false,
        },
        Exchange {
            name: "a METHOD of the caller's",
            dialogue: Dialogue::v5(toy::auth(), "a.b:80"),
            lines: behind(Level::Bare, REQUEST, NAME),
            bound: named(),
            framed: false,
        },
        Exchange {
            name: "an encapsulation",
            dialogue: Dialogue::v5(toy::auth(), "a.b:80"),
            lines: behind(Level::Framed, &toy::sealed(REQUEST), &toy::sealed(NAME)),
            bound: named(),
            framed: true,
        },
    ]
}

/// Plays an exchange whose stream stalls before each byte. At each stall the call is cancelled,
/// and `next` selects the driver that continues.
fn resumed(exchange: &Exchange, name: &str, next: impl Fn(usize) -> &'static Driver) {
    for buffered in [false, true] {
        let _case = Case::new(format!("{} on {name}, buffered: {buffered}", exchange.name));
        let stalling = Manner { crumbs: true, stall: Some(Stall::Blocked), buffered, ..Manner::default() };
        let script = Script::new(&exchange.lines, APPLICATION, stalling);
        let mut talk = exchange.dialogue.talk();
        let mut given_up = 0;
        let established = loop {
            match (next(given_up).once)(&mut script.clone(), &mut talk) {
                Poll::Ready(done) => break done.expect("the tunnel"),
                Poll::Pending => given_up += 1,
            }
        };
        assert_eq!(established.bound, exchange.bound);
        assert_eq!(established.frames().is_some(), exchange.framed);
        let state = script.state();
        assert_eq!(state.unread(), APPLICATION);
        // Each message is sent once, no byte twice, and the call was cancelled before each byte.
        let said: usize = exchange.lines.iter().map(|line| length(line, true)).sum();
        let heard: usize = exchange.lines.iter().map(|line| length(line, false)).sum();
        assert_eq!(state.accepted(), said);
        assert!(given_up >= said + heard, "given up only {given_up} times");
    }
}

fn length(line: &Line, of_client: bool) -> usize {
    match line {
        Line::Client(bytes) if of_client => bytes.len(),
        Line::Proxy(_, bytes) if !of_client => bytes.len(),
        _ => 0,
    }
}

/// An asynchronous driver's future is dropped each time that it waits, and a new one is created.
/// The blocking driver returns `WouldBlock`.
#[test]
fn by_the_same_driver() {
    for exchange in &exchanges() {
        for driver in DRIVERS {
            resumed(exchange, driver.name, |_| driver);
        }
    }
}

/// Each goes on where another has stopped.
#[test]
fn by_other_drivers() {
    for exchange in &exchanges() {
        resumed(exchange, "all in turn", |turn| &DRIVERS[turn % DRIVERS.len()]);
        // With an even number of stalls in each round, taking turns could give the same driver the
        // same work.
        resumed(exchange, "all in pairs", |turn| &DRIVERS[turn / 2 % DRIVERS.len()]);
    }
}
