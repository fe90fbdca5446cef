//! Sequences of METHODs, in all orders.

use crate::fronts::FRONTS;
use crate::parts::{EAF, PASSWORD, TARGET, TOL, password, proxy, token, tol};
use crate::reference::{Fault, Server, Setup};
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::echo::assert_echoed;
use anysocks::Auth;
use anysocks::socks5a::{Member, Obfuscation, Sequence};

const ALL: [u8; 3] = [PASSWORD, EAF, TOL];

fn member(method: u8) -> Member {
    match method {
        PASSWORD => password().into(),
        EAF => token().key_exchange(true).into(),
        _ => tol(Obfuscation::Padding).into(),
    }
}

fn sequence(methods: &[u8]) -> Sequence {
    methods.iter().fold(Sequence::new(), |all, method| all.then(member(*method)).expect("each once"))
}

fn optional(methods: &[u8]) -> Sequence {
    methods.iter().fold(Sequence::new(), |all, method| all.optionally(member(*method)).expect("each once"))
}

/// All orders of one, two and three METHODs.
fn orders() -> Vec<Vec<u8>> {
    let longer = |orders: &[Vec<u8>]| -> Vec<Vec<u8>> {
        let more = |order: &Vec<u8>| {
            let others = ALL.into_iter().filter(|method| !order.contains(method)).collect::<Vec<_>>();
            others.into_iter().map(|method| [&order[..], &[method]].concat()).collect::<Vec<_>>()
        };
        orders.iter().flat_map(more).collect()
    };
    let one: Vec<_> = ALL.into_iter().map(|method| vec![method]).collect();
    let two = longer(&one);
    let three = longer(&two);
    [one, two, three].concat()
}

/// Connects on every front end through a server that selects these METHODs.
fn connects(auth: &Auth, methods: &[u8], faults: &[Fault]) {
    for front in FRONT_ENDS {
        let _case = Case::new(format!("{methods:02X?}, {faults:?}, on {}", front.name));
        let server = Server::start(Setup {
            sequence: [methods, &[0]].concat(),
            faults: faults.into(),
            expects: Some(vec![0x82]),
            ..Setup::default()
        });
        let mut stream = (front.connect)(&proxy(server.addr, auth.clone()), TARGET).expect("a tunnel");
        assert_echoed(&mut *stream, 300);
        drop(stream);
        assert_eq!(server.finish().only().methods, methods);
    }
}

#[test]
fn the_clients_order() {
    assert_eq!(orders().len(), 3 + 6 + 6);
    for order in orders() {
        connects(&sequence(&order).auth().expect("METHODs"), &order, &[]);
    }
}

/// Each byte by itself, and messages of several METHODs in one piece.
#[test]
fn in_other_pieces() {
    for order in orders() {
        for fault in [Fault::Crumbs, Fault::Glue] {
            connects(&sequence(&order).auth().expect("METHODs"), &order, &[fault]);
        }
    }
}

#[test]
fn any_order() {
    for order in orders().into_iter().filter(|order| order.len() == 3) {
        connects(&sequence(&ALL).in_any_order().auth().expect("METHODs"), &order, &[]);
    }
}

/// The server leaves some of them out.
#[test]
fn optional_ones() {
    for order in [vec![]].into_iter().chain(orders()) {
        let auth = optional(&ALL).in_any_order().auth().expect("METHODs");
        connects(&auth, &order, &[]);
        if order.is_sorted() {
            connects(&optional(&ALL).auth().expect("METHODs"), &order, &[]);
        }
    }
}

/// A required one between two that may be left out.
#[test]
fn optional_ones_around_a_required_one() {
    for order in [&[EAF][..], &[PASSWORD, EAF], &[EAF, TOL], &[PASSWORD, EAF, TOL]] {
        let sequence = Sequence::new().optionally(password()).and_then(|all| all.then(token()));
        let sequence = sequence.and_then(|all| all.optionally(tol(Obfuscation::None))).expect("each once");
        connects(&sequence.auth().expect("METHODs"), order, &[]);
    }
}

/// BIND and UDP ASSOCIATE after a sequence.
#[test]
fn other_commands() {
    for order in orders().into_iter().filter(|order| order.len() == 3) {
        for front in FRONTS {
            let _case = Case::new(format!("{order:02X?} on {}", front.name));
            let server = Server::start(Setup { sequence: [&order[..], &[0]].concat(), ..Setup::default() });
            let proxy = proxy(server.addr, sequence(&order).auth().expect("METHODs"));
            let mut listener = (front.bind5)(&proxy, crate::parts::PEER).expect("a listener");
            let mut accepted = listener.accept().expect("the peer");
            assert_echoed(&mut *accepted.stream, 300);
            drop((listener, accepted));
            let socket = (front.associate)(&proxy).expect("an association");
            socket.send_to(b"hello", "192.0.2.7:53").expect("sent");
            let mut buf = [0; 64];
            let (n, _) = socket.recv_from(&mut buf).expect("a datagram");
            assert_eq!(&buf[..n], b"hello");
            drop(socket);
            for connection in server.finish().clean() {
                assert_eq!(connection.methods, order);
            }
        }
    }
}
