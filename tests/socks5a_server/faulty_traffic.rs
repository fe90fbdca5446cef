//! Faults of records, replies and datagrams, as bytes on the wire.

use crate::case::Case;
use crate::client::{CONNECT, Client, GRANTED, PSK};
use crate::faulty_negotiation::server;
use crate::socks5a::{
    Action, Carrier, Details, Dummies, Fault, Kind, Obfuscation, Point, Record, Reply, Server, Setup, Timing,
    tol_key,
};
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

#[test]
fn records() {
    let key = tol_key(&PSK);
    for (fault, rule) in [
        (Fault::WrongSig(Carrier::Stream, 1), "a wrong SIG"),
        (Fault::RecordType(Carrier::Stream, 1, 5), "a record of TYPE 05"),
    ] {
        let _case = Case::new(rule);
        let tol = Obfuscation { split: 4, ..Obfuscation::default() };
        let server = Server::start(Setup { tol, faults: vec![fault], ..Setup::default() });
        let mut client = Client::select(&server, 0x81).records(key);
        client.send(CONNECT);
        let mut bytes = vec![0; 3 * 6 + 10];
        client.stream.read_exact(&mut bytes).expect("three records");
        let (first, length) = Record::decode_stream(&bytes, &key).expect("a sound record").expect("whole");
        assert_eq!(first.message, GRANTED[..4]);
        let second = Record::decode_stream(&bytes[length..], &key);
        assert!(second.is_err_and(|error| error.contains(rule)));
        drop(client);
        server.finish().only();
    }
}

/// The end of the stream inside of a record.
#[test]
fn cut_record() {
    for length in [0, 4, 7] {
        let _case = Case::new(format!("{length} bytes"));
        let tol = Obfuscation { split: 4, ..Obfuscation::default() };
        let faults = vec![Fault::CutRecord(1, length)];
        let server = Server::start(Setup { tol, faults, ..Setup::default() });
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        client.send(CONNECT);
        client.expect(&GRANTED[..4]);
        let mut rest = Vec::new();
        client.stream.read_to_end(&mut rest).expect("the end of the stream");
        assert_eq!(client.unopened().len() + rest.len(), length);
        server.finish().only();
    }
}

/// Records that are unusual and sound.
#[test]
fn odd_records() {
    let key = tol_key(&PSK);
    let tol = Obfuscation { split: 1, ..Obfuscation::default() };
    let faults = vec![Fault::MixedTypes, Fault::LongRand];
    let server = Server::start(Setup { tol, faults, ..Setup::default() });
    let _case = Case::new("mixed types");
    let mut client = Client::select(&server, 0x81).records(key);
    client.send(CONNECT);
    let mut bytes = vec![0; 10 * (6 + 255 + 1)];
    client.stream.read_exact(&mut bytes).expect("ten records");
    for (number, bytes) in bytes.chunks(6 + 255 + 1).enumerate() {
        let (record, _) = Record::decode_stream(bytes, &key).expect("a sound record").expect("whole");
        assert_eq!((record.kind, record.rand.len()), (Kind::ALL[number % 5], 255));
        assert_eq!(record.message, GRANTED[number..=number]);
    }
    drop(client);
    server.finish().only();
}

/// The relay's second datagram is not to be opened; the control connection has no such fault.
#[test]
fn datagrams() {
    let _case = Case::new("datagrams");
    let key = tol_key(&PSK);
    let server = server([
        Fault::WrongSig(Carrier::Relay, 1),
        Fault::RecordType(Carrier::Relay, 2, 9),
        Fault::Datagram(b"abc".into()),
    ]);
    let mut client = Client::select(&server, 0x81).records(key);
    client.send(b"\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00");
    let reply = client.read(10);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let record = Record::new(Kind::None, Timing::default(), b"\0\0\0\x03\x01d\x00\x35payload");
    for rule in ["", "a wrong SIG", "a record of TYPE 09", ""] {
        let relay = ("127.0.0.1", u16::from_be_bytes([reply[8], reply[9]]));
        socket.send_to(&record.encode_datagram(&key), relay).expect("sent");
        let mut buffer = [0; 2048];
        assert_eq!(socket.recv(&mut buffer).expect("a datagram"), 3);
        let length = socket.recv(&mut buffer).expect("a datagram");
        let opened = Record::decode_datagram(&buffer[..length], &key);
        assert_eq!(opened.err().unwrap_or_default(), rule.replace("a wrong", "a record with a wrong"));
    }
    client.request(b"\x05\x04\x00\x00\x00\x00", b"\x05\x00\x00\x00\x00\x00");
    client.request(b"\x05\x04\x00\x00\x00\x00", b"\x05\x00\x00\x00\x00\x00");
    drop(client);
    server.finish().only();
}

/// Refusals of each kind, whole and cut.
#[test]
fn refusals() {
    let text = || Reply::with_details(0x0a, 1, "Rate limit: 100/h");
    let table: Vec<(Vec<Fault>, Vec<u8>)> = vec![
        (vec![Fault::Reply(0, text())], text().encode()),
        (vec![Fault::Reply(0, Reply::refused(0x10))], b"\x05\x10\x00\x01\0\0\0\0\0\0".into()),
        (
            vec![Fault::Reply(0, Reply::Refused(0x0c, Details::Plain(Ipv4Addr::LOCALHOST, 1080)))],
            b"\x05\x0c\x00\x01\x7f\0\0\x01\x04\x38".into(),
        ),
        (
            vec![Fault::Reply(0, Reply::Refused(0x0b, Details::Raw(b"\x00".into())))],
            b"\x05\x0b\x00\x00".into(),
        ),
        (vec![Fault::Reply(0, text()), Fault::Cut(9, Action::Close)], text().encode()[..9].into()),
        (vec![Fault::Reply(0, text()), Fault::Cut(9, Action::Silence)], text().encode()[..9].into()),
        (vec![Fault::BehindReply(0, b"more".into())], [GRANTED, b"more"].concat()),
        (vec![Fault::ReplyBytes(0, b"\x05\x00\x00\x00\x00\x00".into())], b"\x05\x00\x00\x00\x00\x00".into()),
    ];
    for (faults, reply) in table {
        let _case = Case::new(format!("{faults:?}"));
        let server = server(faults);
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        client.request(CONNECT, &reply);
        assert_eq!(client.close(), b"");
        server.finish().only();
    }
    let server = server([Fault::Reply(0, text()), Fault::Cut(4, Action::Reset)]);
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(CONNECT, &text().encode()[..4]);
    let error = client.stream.read(&mut [0]).expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    server.finish().only();
}

#[test]
fn dummies_without_end() {
    let server = Server::start(Setup {
        tol: Obfuscation { kind: Kind::Masking, dummies: Dummies::Everywhere(1), ..Obfuscation::default() },
        faults: vec![Fault::At(Point::Relay, Action::Dummies)],
        ..Setup::default()
    });
    let _case = Case::new("dummies");
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(CONNECT, GRANTED);
    let dummy = client.stream.read(&mut [0; 600]).expect("dummies");
    assert!(dummy > 0);
    drop(client);
    server.finish().only();
}
