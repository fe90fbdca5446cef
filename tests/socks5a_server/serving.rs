//! Requests, records and datagrams of a sound client.

use crate::case::{Case, limit_test};
use crate::client::{CONNECT, Client, GRANTED, PSK};
use crate::socks5a::{Dummies, Kind, Obfuscation, Record, Server, Setup, Timing, tol_key};
use std::io::Write;
use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

#[test]
fn several_requests_on_a_connection() {
    limit_test();
    let server = Server::start(Setup {
        names: vec![
            (b"known".into(), [192, 0, 2, 7].into()),
            (b"six".into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
        ],
        long_keep_alive: true,
        ..Setup::default()
    });
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(b"\x05\x04\x00\x00\x00\x00", GRANTED);
    client.request(b"\x05\x05\x00\x03\x05known\x00\x00", b"\x05\x00\x00\x01\xc0\x00\x02\x07\x00\x00");
    client.request(
        b"\x05\x05\x00\x03\x03six\x00\x00",
        b"\x05\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x00",
    );
    client.request(b"\x05\x06\x00\x03\x01a\x00\x50", b"\x05\x00\x00\x03\x04\x00\xff.\x01\x00\x00");
    client.request(b"\x05\x07\x00\x03\x04\x00\xff.\x01\x12\x34", GRANTED);
    client.request(b"pooled", b"pooled");
    drop(client);
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(b"\x05\x07\x00\x03\x04\x00\xff.\x01\x00\x00", b"\x05\x04\x00\x01\0\0\0\0\0\0");
    drop(client);
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(b"\x05\x05\x00\x03\x01u\x00\x00", b"\x05\x04\x00\x01\0\0\0\0\0\0");
    drop(client);
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(b"\x05\x02\x00\x05\x02/s\x00\x00", &[GRANTED, GRANTED].concat());
    drop(client);
    server.finish().clean();
}

#[test]
fn datagrams() {
    let server = Server::start(Setup {
        tol: Obfuscation { kind: Kind::Full, dummies: Dummies::Everywhere(1), ..Obfuscation::default() },
        ..Setup::default()
    });
    let key = tol_key(&PSK);
    for command in [3, 8] {
        let _case = Case::new(format!("command {command}"));
        let mut client = Client::select(&server, 0x81).records(key);
        client.send(&[5, command, 0, 1, 0, 0, 0, 0, 0, 0]);
        let reply = client.read(10);
        let port = u16::from_be_bytes([reply[8], reply[9]]);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.connect(("127.0.0.1", port)).expect("an address");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let message = b"\0\0\0\x03\x01d\x00\x35payload";
        let dummy = Record::new(Kind::Masking, Timing::default(), b"");
        socket.send(&dummy.encode_datagram(&key)).expect("sent");
        let record = Record::new(Kind::Padding, Timing::default(), message);
        socket.send(&record.encode_datagram(&key)).expect("sent");
        for expected in [&b""[..], message, b""] {
            let mut buffer = [0; 2048];
            let length = socket.recv(&mut buffer).expect("a datagram");
            let record = Record::decode_datagram(&buffer[..length], &key).expect("a record");
            assert_eq!((record.kind, &record.message[..]), (Kind::Full, expected));
        }
        // Behind the dummy on the control connection.
        client.request(b"\x05\x04\x00\x00\x00\x00", b"\x05\x00\x00\x00\x00\x00");
        drop(client);
    }
    for connection in server.finish().clean() {
        assert_eq!(connection.payloads, [b"payload"]);
        assert_eq!((connection.datagrams.dummies(), connection.datagrams.lengths().len()), (1, 1));
    }
}

/// A URL gets reply 08 from a server without support for URLs. The connection ends.
#[test]
fn unsupported_addresses() {
    limit_test();
    let server = Server::start(Setup { unsupported: vec![7], ..Setup::default() });
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(b"\x05\x01\x00\x07\x01\x00\x08http://a\x00\x50", b"\x05\x08\x00\x01\0\0\0\0\0\0");
    assert_eq!(client.close(), b"");
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.request(CONNECT, GRANTED);
    drop(client);
    server.finish().clean();
}

/// Each byte of the client by itself, and records that announce a pause and keep to it.
#[test]
fn crumbs_and_pauses() {
    limit_test();
    let server = Server::start(Setup::default());
    let mut client = Client::select(&server, 0x81).records(tol_key(&PSK));
    client.stream.set_nodelay(true).expect("an option");
    let timing = Timing { least: 3, most: 5, mode: 2 };
    let message = [CONNECT, b"echo"].concat();
    for byte in &message {
        thread::sleep(Duration::from_millis(3));
        for kind in [Kind::Jitter, Kind::Full] {
            client.record(&Record::new(kind, timing, b""));
        }
        let record = Record::new(Kind::Full, timing, &[*byte]).encode_stream(&tol_key(&PSK));
        for byte in record {
            client.stream.write_all(&[byte]).expect("a server that reads");
        }
    }
    client.expect(&[GRANTED, b"echo"].concat());
    drop(client);
    let connection = server.finish().only();
    assert_eq!(connection.records.lengths(), vec![1; message.len()]);
    assert_eq!(connection.records.dummies(), 2 * message.len());
}

/// The end of the stream inside of a record or a message ends the connection; it is no violation.
#[test]
fn cut_messages() {
    let record = Record::new(Kind::Padding, Timing::default(), CONNECT).encode_stream(&tol_key(&PSK));
    let table =
        [(0x81, &record[..record.len() - 1]), (0x81, &record[..3]), (0x00, &CONNECT[..5]), (0x80, &[1, 1])];
    for (method, bytes) in table {
        let _case = Case::new(format!("METHOD {method:02x}, {} bytes", bytes.len()));
        let server = Server::start(Setup::default());
        let mut client = Client::select(&server, method);
        if method == 0x80 {
            client.request(&bytes[..1], &[1]);
        }
        client.stream.write_all(bytes).expect("a server that reads");
        drop(client);
        assert_eq!(server.finish().only().end.as_deref(), Some("Cut"));
    }
}
