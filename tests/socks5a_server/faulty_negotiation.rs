//! Faults of the negotiation, as bytes on the wire.

use crate::case::Case;
use crate::client::{CONNECT, Client, GRANTED, PSK, TOKEN, context, metadata};
use crate::socks5a::{Action, Eaf, Entry, Factor, Fault, Keys, Message, Point, Server, Setup, mac, tol_key};
use std::io::{ErrorKind, Read};

pub(crate) fn server(faults: impl Into<Vec<Fault>>) -> Server {
    Server::start(Setup { faults: faults.into(), ..Setup::default() })
}

/// The Result that a sound server sends to the token.
const RESULT: usize = 5 + 2 + 27 + 32;

fn result(client: &mut Client) -> Vec<u8> {
    client.read(RESULT)
}

fn metadata_of(message: &[u8]) -> Vec<Entry> {
    let message = Message::decode(message, &Keys::of(&PSK).server).expect("a message");
    Entry::decode_all(&message.metadata).expect("metadata")
}

#[test]
fn eaf_results() {
    let table = [
        (Fault::WrongHmac, RESULT),
        (Fault::WrongNonce, RESULT),
        (Fault::NoContext, RESULT - 27),
        (Fault::Metadata(b"\x05\x00\x01a".into()), RESULT + 4),
        (Fault::Result(b"\x05\x00\x00".into()), RESULT + 1),
        (Fault::Result(b"\x03\x00".into()), RESULT),
        (Fault::Lengths(4_097, 27), RESULT),
        (Fault::MessageVersion(2), RESULT),
    ];
    for (fault, length) in table {
        let _case = Case::new(format!("{fault:?}"));
        let server = server([fault.clone()]);
        let mut client = Client::authenticate(&server, TOKEN, &metadata(16, 1));
        let message = client.read(length);
        assert_eq!(client.close(), b"");
        let decoded = Message::decode(&message, &Keys::of(&PSK).server);
        match &fault {
            Fault::MessageVersion(2) => assert!(decoded.is_err_and(|rule| rule.contains("VER 02"))),
            Fault::WrongHmac => assert!(decoded.is_err_and(|rule| rule.contains("HMAC"))),
            Fault::WrongNonce => assert_ne!(metadata_of(&message)[0].value[8..], [1; 16]),
            Fault::NoContext => assert_eq!(metadata_of(&message), []),
            Fault::Metadata(_) => assert_eq!(metadata_of(&message)[1], Entry::new(5, *b"a")),
            Fault::Result(auth) => assert_eq!(decoded.expect("a message").auth, *auth),
            // The HMAC covers the wrong lengths.
            Fault::Lengths(..) => {
                let (covered, hmac) = message.split_at(length - 32);
                assert_eq!(mac(&Keys::of(&PSK).server, &[covered]), hmac);
                assert_eq!(covered[..5], [1, 0x10, 0x01, 0, 27]);
            }
            _ => unreachable!("not in the table"),
        }
        server.finish().only();
    }
    let server = server([Fault::Replay]);
    let messages = [1, 2].map(|nonce| {
        let mut client = Client::authenticate(&server, TOKEN, &metadata(16, nonce));
        let message = result(&mut client);
        client.close();
        message
    });
    assert_eq!(messages[0], messages[1]);
    server.finish().clean();
}

#[test]
fn challenges() {
    let factor = Factor::Challenge(b"s".into());
    for fault in [
        Fault::NoChallenge,
        Fault::ChallengeAuth(b"\x02\x00\x0f0123456789abcde".into()),
        Fault::SecondChallenge,
        Fault::LaterMetadata(b"\x06\x00\x01\x00".into()),
    ] {
        let _case = Case::new(format!("{fault:?}"));
        let eaf = Eaf { factor: factor.clone(), ..Eaf::default() };
        let server = Server::start(Setup { eaf, faults: vec![fault.clone()], ..Setup::default() });
        let own = [Entry::new(2, [0, 0, 0, 2]), context(1)];
        let mut client = Client::authenticate(&server, b"\x02\x00\x00", &own);
        let header = client.read(5);
        let length = Message::length(header[..].try_into().expect("5 bytes")).expect("a length");
        let rest = client.read(length - 5);
        let first = Message::decode(&[header, rest].concat(), &Keys::of(&PSK).server).expect("a message");
        let respond =
            |client: &mut Client| client.eaf(&[&b"\x02\x00\x20"[..], &[0; 32]].concat(), &[context(1)]);
        match &fault {
            Fault::NoChallenge => assert_eq!(first.auth, [2, 0]),
            Fault::ChallengeAuth(auth) => assert_eq!(first.auth, *auth),
            Fault::SecondChallenge => {
                respond(&mut client);
                let second = client.read(length);
                assert_eq!(second[5..][..35], first.auth);
            }
            Fault::LaterMetadata(bytes) => {
                respond(&mut client);
                let second = client.read(RESULT + 4);
                assert_eq!(second[RESULT - 32..][..4], bytes[..]);
            }
            _ => unreachable!("not in the list"),
        }
        client.close();
        drop(client);
        server.finish().clean();
    }
}

#[test]
fn key_exchanges() {
    for (fault, kinds) in [(Fault::ZeroKey, vec![1, 4]), (Fault::NoKeyExchange, vec![4])] {
        let _case = Case::new(format!("{fault:?}"));
        let server = server([fault.clone()]);
        let own = [Entry::key_exchange([9; 32]), Entry::new(2, [0, 0, 0, 0x30]), context(1)];
        let mut client = Client::authenticate(&server, TOKEN, &own);
        let length = if fault == Fault::ZeroKey { RESULT + 37 } else { RESULT };
        let entries = metadata_of(&client.read(length));
        assert_eq!(entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), kinds);
        if fault == Fault::ZeroKey {
            assert_eq!(entries[0].value[2..], [0; 32]);
        }
        client.close();
        server.finish().only();
    }
}

#[test]
fn selections() {
    let table: [(&[u8], Fault, &[u8]); 3] = [
        (&[0x82], Fault::BehindTheChain(b"early".into()), b"\x05\x82\x05\x81"),
        (&[0x82], Fault::Glue, b"\x05\x82\x05\x81"),
        (&[0x82], Fault::Crumbs, b"\x05\x82\x05\x81"),
    ];
    for (offer, fault, plain) in table {
        let _case = Case::new(format!("{fault:?}"));
        let server = Server::start(Setup {
            sequence: vec![0x81, 0x02, 0x00],
            faults: vec![fault.clone()],
            ..Setup::default()
        });
        let mut client = Client::new(&server);
        client.send(&[&[5, 1][..], offer].concat());
        client.expect(plain);
        let mut client = client.records(tol_key(&PSK));
        client.expect(b"\x05\x02");
        client.request(b"\x01\x04user\x08password", b"\x01\x00\x05\x00");
        if matches!(fault, Fault::BehindTheChain(_)) {
            client.expect(b"early");
        }
        client.request(CONNECT, GRANTED);
        client.close();
        server.finish().only();
    }
    for (sequence, offered) in [(vec![0x02], 0x82), (vec![0xff], 0x82), (vec![0x77], 0x82)] {
        let _case = Case::new(format!("{sequence:02x?}"));
        let expected = [&[5, 0x82, 5][..], &sequence].concat();
        let server = Server::start(Setup { sequence, ..Setup::default() });
        let mut client = Client::new(&server);
        client.send(&[5, 1, offered]);
        client.expect(&expected);
        assert_eq!(client.close(), b"");
        server.finish().only();
    }
    let server = server([Fault::ChainVersion(4)]);
    let mut client = Client::select(&server, 0x82);
    client.expect(b"\x04\x80");
    client.close();
    server.finish().only();
    let server = Server::start(Setup { selects: Some(0x81), ..Setup::default() });
    let mut client = Client::new(&server);
    client.send(b"\x05\x01\x80");
    client.expect(b"\x05\x81");
    client.close();
    server.finish().only();
}

#[test]
fn points() {
    for (point, sequence, plain) in [
        (Point::Selection, vec![], &b""[..]),
        (Point::ChainSelection, vec![0x02, 0x00], b"\x05\x82"),
        (Point::EafVersion, vec![0x80, 0x00], b"\x05\x82\x05\x80"),
        (Point::Status, vec![0x02, 0x00], b"\x05\x82\x05\x02"),
    ] {
        for action in [Action::Silence, Action::Close, Action::Reset] {
            let _case = Case::new(format!("{point:?}, {action:?}"));
            let sequence = sequence.clone();
            let server =
                Server::start(Setup { sequence, faults: vec![Fault::At(point, action)], ..Setup::default() });
            let mut client = Client::new(&server);
            client.send(b"\x05\x01\x82");
            client.expect(plain);
            match point {
                Point::EafVersion => client.send(&[1]),
                Point::Status => client.send(b"\x01\x04user\x08password"),
                _ => {}
            }
            if action == Action::Reset {
                let error = client.stream.read(&mut [0]).expect_err("a reset");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            } else {
                assert_eq!(client.close(), b"");
            }
            server.finish().only();
        }
    }
}
