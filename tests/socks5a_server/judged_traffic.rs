//! Each rule of records, requests and datagrams that a client can violate, and the report of it.

use crate::case::Case;
use crate::client::{CONNECT, Client, PSK};
use crate::judged_negotiation::reported;
use crate::socks5a::{Fault, Kind, Record, Reply, Server, Setup, Timing, tol_key};
use std::net::UdpSocket;

#[test]
fn stream_records() {
    let slow = Timing { least: 60_000, most: 60_000, mode: 0 };
    let with = |kind, rand: &[u8]| Record { kind, rand: rand.into(), message: CONNECT.into() };
    let same = with(Kind::Padding, &[7; 16]);
    let long = Record { kind: Kind::None, rand: Vec::new(), message: vec![5; 16_385] };
    let even = Record { kind: Kind::Masking, rand: Vec::new(), message: [CONNECT, b"123456789"].concat() };
    let table = [
        (vec![with(Kind::None, b"a")], "a RAND of 1 bytes in a record of None"),
        (vec![with(Kind::Masking, b"a")], "a RAND of 1 bytes in a record of Masking"),
        (vec![with(Kind::Jitter, b"1234567")], "a RAND of 7 bytes in a record of Jitter"),
        (vec![with(Kind::Full, b"1234567")], "a RAND of 7 bytes in a record of Full"),
        (vec![with(Kind::Jitter, b"\x00\x02\x00\x01\x00\x00\x00\x00")], "timing bytes"),
        (vec![with(Kind::Jitter, b"\x00\x01\x00\x01\x03\x00\x00\x00")], "timing bytes"),
        (vec![with(Kind::Jitter, b"\x00\x01\x00\x01\x00\x00\x01\x00")], "timing bytes"),
        (vec![Record::new(Kind::Jitter, slow, CONNECT)], "where 60s were announced"),
        (vec![same.clone(), same], "the same padding"),
        (vec![long], "a MESSAGE of 16385 bytes"),
        (vec![even; 64], "MESSAGEs of {17} bytes"),
        (vec![with(Kind::Padding, b"fixed"); 64], "padding of 1 lengths in 64 records"),
    ];
    for (records, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        for record in &records {
            client.record(record);
        }
        client.close();
        reported(&server.finish(), rule);
    }
    let server = Server::start(Setup::default());
    let mut client = Client::select(&server, 0x81).records([0; 32]);
    client.send(CONNECT);
    client.close();
    reported(&server.finish(), "a wrong SIG");
    let mut setup = Setup::default();
    setup.tol.expects = Some(Kind::Full);
    let server = Server::start(setup);
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.send(CONNECT);
    client.close();
    reported(&server.finish(), "a record of None");
}

/// Masking sends a dummy for some records, and not for all of them.
#[test]
fn number_of_dummies() {
    for (dummies, rule) in [(0, "0 dummies for 400 records"), (400, "400 dummies for 400 records")] {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        client.send(CONNECT);
        for _ in 0..400 {
            client.record(&Record::new(Kind::Masking, Timing::default(), b"a"));
        }
        for _ in 0..dummies {
            client.record(&Record::new(Kind::Masking, Timing::default(), b""));
        }
        client.close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn requests() {
    let url = |url: &str, port: u16| {
        let length = u16::try_from(url.len()).expect("a short URL").to_be_bytes();
        [&b"\x05\x01\x00\x07\x01"[..], &length, url.as_bytes(), &port.to_be_bytes()].concat()
    };
    let table: Vec<(Vec<u8>, u8, &str)> = vec![
        (b"\x05\x04\x00\x00\x00\x01".into(), 0x0b, "no address, and port 1"),
        (b"\x05\x04\x00\x03\x01a\x00\x00".into(), 0x0b, "command 04"),
        (b"\x05\x05\x00\x01\x01\x02\x03\x04\x00\x00".into(), 0x0b, "command 05"),
        (b"\x05\x05\x00\x03\x01a\x00\x35".into(), 0x0b, "command 05"),
        (b"\x05\x07\x00\x01\x01\x02\x03\x04\x00\x00".into(), 0x0b, "command 07"),
        (b"\x05\x01\x00\x00\x00\x00".into(), 0x0b, "command 01"),
        (b"\x05\x09\x00\x03\x01a\x00\x50".into(), 0x07, "CMD 09"),
        (b"\x05\x09\x00\x02".into(), 0x07, "ATYP 02"),
        (b"\x05\x01\x00\x02".into(), 0x08, "ATYP 02"),
        (b"\x05\x01\x00\x03\x00\x00\x50".into(), 0x0b, "an empty name"),
        (b"\x05\x01\x00\x05\x00\x00\x00".into(), 0x0b, "an empty Unix name"),
        (b"\x05\x01\x00\x05\x02a\x00\x00\x00".into(), 0x0b, "with a NUL"),
        (b"\x05\x01\x00\x06\x01a\x00\x50".into(), 0x0b, "a Unix name with port 80"),
        (b"\x05\x01\x00\x07\x02\x00\x08http://a\x00\x50".into(), 0x0b, "a URL of version 02"),
        (url("http://a/", 443), 0x0b, "DST.PORT 443"),
        (url("https://a:99/", 443), 0x0b, "DST.PORT 443"),
        (url("gopher://a/", 70), 0x0b, "another scheme"),
        (url("http://u@a/", 80), 0x0b, "userinfo"),
        (url("http://a/#f", 80), 0x0b, "a fragment"),
        (url("http:///p", 80), 0x0b, "without a host"),
        (url("http://a/%4", 80), 0x0b, "not encoded"),
        (url("http://a/ b", 80), 0x0b, "not encoded"),
        (url(&format!("http://a/{}", "b".repeat(2_048)), 80), 0x0b, "more than 2,048"),
    ];
    for (request, code, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        client.request(&request, &[5, code, 0]);
        client.close();
        reported(&server.finish(), rule);
    }
}

/// A refusal ends the connection. Bytes for the target may follow a request, whatever the reply.
#[test]
fn bytes_after_a_refusal() {
    let table: [(&[u8], Option<&str>); 2] =
        [(b"\x05\x05\x00\x03\x01u\x00\x00", Some("bytes of the client after a refusal")), (CONNECT, None)];
    for (request, rule) in table {
        let _case = Case::new(format!("{rule:?}"));
        let faults = vec![Fault::Reply(0, Reply::refused(4))];
        let server = Server::start(Setup { faults, ..Setup::default() });
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        client.request(request, b"\x05\x04\x00");
        client.send(b"more");
        client.close();
        let report = server.finish();
        assert_eq!(report.violations(), Vec::from_iter(rule));
    }
}

/// Commands and addresses of SOCKS5a without a METHOD of SOCKS5a: the command first.
#[test]
fn extensions_without_a_method() {
    let table: [(&[u8], u8, &str); 3] = [
        (b"\x05\x04\x00\x00\x00\x00", 7, "CMD 04"),
        (b"\x05\x06\x00\x05\x01a\x00\x00", 7, "CMD 06"),
        (b"\x05\x01\x00\x05\x01a\x00\x00", 8, "ATYP 05"),
    ];
    for (request, code, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        let mut client = Client::select(&server, 0x00);
        client.request(request, &[5, code, 0]);
        client.close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn associations_and_datagrams() {
    let server = Server::start(Setup::default());
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.send(b"\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00");
    client.read(10);
    client.request(CONNECT, b"\x05\x07\x00\x01\0\0\0\0\0\0");
    client.close();
    reported(&server.finish(), "a request with CMD 01");
    let sealed =
        |message: &[u8]| Record::new(Kind::None, Timing::default(), message).encode_datagram(&tol_key(&PSK));
    let table = [
        (b"abc".to_vec(), "shorter than its RAND_LEN"),
        (b"abc\x00def".to_vec(), "a wrong SIG"),
        (sealed(b"\0\x01\0\x03\x01a\x00\x50"), "RSV is not zero"),
        (sealed(b"\0\0\x01\x03\x01a\x00\x50"), "a fragment"),
        (sealed(b"\0\0\0\x03\x09a\x00\x50"), "address is cut"),
        (sealed(b"\0\0\0\x05\x01a\x00\x00"), "a datagram with ATYP 05"),
    ];
    for (datagram, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
        client.send(b"\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00");
        let reply = client.read(10);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let relay = ("127.0.0.1", u16::from_be_bytes([reply[8], reply[9]]));
        socket.send_to(&datagram, relay).expect("sent");
        // Its echo shows that the relay has judged the datagram before it.
        socket.send_to(&sealed(b"\0\0\0\x03\x01a\x00\x50"), relay).expect("sent");
        socket.recv(&mut [0; 64]).expect("an echo");
        client.close();
        reported(&server.finish(), rule);
    }
}
