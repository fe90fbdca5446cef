//! Each rule that a client can violate, and the server's report of it.

use crate::case::Case;
use crate::client::{CONNECT, Client, PSK, TOKEN, context, metadata};
use crate::socks5a::{
    Eaf, Entry, Factor, Fault, Kind, Record, Reply, Report, Server, Setup, Timing, tol_key,
};
use std::net::UdpSocket;

#[track_caller]
fn reported(report: &Report, rule: &str) {
    let violations = report.violations();
    assert!(violations.len() == 1 && violations[0].contains(rule), "{violations:?}, and not: {rule}");
}

#[test]
fn greetings() {
    let table: [(&[u8], &str); 5] = [
        (b"\x04\x01\x00", "a greeting of version 04"),
        (b"\x05\x00", "with the METHODs []"),
        (b"\x05\x02\x80\x80", "with the METHODs [80, 80]"),
        (b"\x05\x02\x80\x00", "other METHODs than expected"),
        (b"\x05\x01\x80\x01", "before its turn"),
    ];
    for (greeting, rule) in table {
        let _case = Case::new(rule);
        let expects = rule.contains("expected").then(|| vec![0x80]);
        let server = Server::start(Setup { expects, ..Setup::default() });
        let mut client = Client::new(&server);
        client.send(greeting);
        client.close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn eaf_messages() {
    let bits = |bits: u32| Entry::new(2, bits.to_be_bytes());
    let long = Entry::new(4, [&context(1).value[..], &[b'a'; 256]].concat());
    let latin = Entry::new(4, [&context(1).value[..], b"\xe9"].concat());
    let short = Entry::new(4, [0; 23]);
    let x25519 = Entry::key_exchange([0; 32]);
    let table: [(&[u8], Vec<Entry>, &str); 30] = [
        (TOKEN, vec![context(1)], "no client capabilities"),
        (TOKEN, vec![bits(16)], "no authentication context"),
        (TOKEN, vec![bits(16), bits(16), context(1)], "metadata 02 is there twice"),
        (TOKEN, vec![bits(16), context(1), context(1)], "metadata 04 is there twice"),
        (TOKEN, vec![bits(16), context(1), bits(3)], "metadata 02 is there twice"),
        (TOKEN, vec![bits(16), context(1), Entry::new(3, [0; 4])], "metadata 03 from a client"),
        (TOKEN, vec![bits(16), context(1), Entry::new(5, [0; 4])], "metadata 05 from a client"),
        (TOKEN, vec![bits(16), context(1), Entry::new(6, [0; 1])], "metadata 06 from a client"),
        (TOKEN, vec![Entry::new(2, [0; 3]), context(1)], "capabilities of another size"),
        (TOKEN, vec![bits(16), short], "without its NONCE"),
        (TOKEN, vec![bits(16), long], "an identity of 256 bytes"),
        (TOKEN, vec![bits(16), latin], "not UTF-8"),
        (TOKEN, vec![bits(48), context(1), Entry::new(1, [0, 0x17, 0])], "of another kind"),
        (TOKEN, vec![bits(48), context(1), Entry::new(1, [0, 0x1d, 0])], "of another size than 32"),
        (TOKEN, vec![bits(48), context(1), x25519.clone()], "all-zero"),
        (TOKEN, metadata(16 | 1 << 6, 1), "unknown bits"),
        (TOKEN, metadata(8, 1), "other methods than the AUTH's"),
        (TOKEN, metadata(17, 1), "other methods than the AUTH's"),
        (TOKEN, metadata(16 | 1 << 5, 1), "the key exchange is wrong"),
        (TOKEN, vec![Entry::key_exchange([9; 32]), bits(16), context(1)], "the key exchange is wrong"),
        (TOKEN, metadata(16 | 1 << 8, 1), "TOL, which is not offered"),
        (TOKEN, metadata(16 | 1 << 9, 1), "chaining, which is not offered"),
        (b"", metadata(16, 1), "an empty AUTH"),
        (b"\x06", metadata(16, 1), "method 06"),
        (b"\x05\x00\x00", metadata(16, 1), "an empty TOKEN"),
        (b"\x05\x00\x02t", metadata(16, 1), "a length in AUTH"),
        (b"\x03\x00\x00", metadata(4, 1), "an empty CODE"),
        (b"\x03\x00\x01a", metadata(4, 1), "other bytes than digits"),
        (b"\x01\x00\x20\x00\x40", metadata(1, 1), "KLEN and SLEN"),
        (b"\x02\x00\x01a", metadata(2, 1), "a RESPONSE of 1 bytes"),
    ];
    for (auth, metadata, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        Client::authenticate(&server, auth, &metadata).close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn several_factors() {
    let table: [(&[u8], &str); 6] = [
        (b"\x04", "no COUNT"),
        (b"\x04\x01\x00\x04\x05\x00\x01t", "fewer than two"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x04\x05\x00\x01u", "of one method"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x03\x02\x00\x00", "a factor of method 02"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x04\x03\x00\x011!", "behind the last factor"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x09\x03\x00\x011", "an FLEN that runs past AUTH"),
    ];
    for (auth, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        Client::authenticate(&server, auth, &metadata(28, 1)).close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn later_messages_and_other_connections() {
    let factor = Factor::Challenge(b"s".into());
    let right = [&b"\x02\x00\x20"[..], &[0; 32]].concat();
    let table: [(&[u8], Vec<Entry>, &str); 6] = [
        (&right, vec![context(2)], "another NONCE"),
        (&right, vec![Entry::new(2, [0, 0, 0, 2]), context(1)], "metadata 02 in a later message"),
        (&right, vec![Entry::key_exchange([9; 32]), context(1)], "metadata 01 in a later message"),
        (&right, vec![Entry::new(4, [&context(1).value[..], b"a"].concat())], "an identity in a later"),
        (b"\x02\x00\x00", vec![context(1)], "an empty RESPONSE"),
        (TOKEN, vec![context(1)], "no RESPONSE"),
    ];
    for (auth, metadata, rule) in table {
        let _case = Case::new(rule);
        let eaf = Eaf { factor: factor.clone(), ..Eaf::default() };
        let server = Server::start(Setup { eaf, ..Setup::default() });
        let mut client =
            Client::authenticate(&server, b"\x02\x00\x00", &[Entry::new(2, [0, 0, 0, 2]), context(1)]);
        client.read(5 + 35 + 27 + 32);
        client.eaf(auth, &metadata);
        client.close();
        reported(&server.finish(), rule);
    }
    let server = Server::start(Setup::default());
    for _ in 0..2 {
        Client::authenticate(&server, TOKEN, &metadata(16, 1)).close();
    }
    reported(&server.finish(), "a NONCE for the second time");
    let server = Server::start(Setup::default());
    for nonce in [1, 2] {
        let key = Entry::key_exchange([9; 32]);
        Client::authenticate(&server, TOKEN, &[key, Entry::new(2, [0, 0, 0, 0x30]), context(nonce)]).close();
    }
    reported(&server.finish(), "an X25519 key for the second time");
    let server =
        Server::start(Setup { eaf: Eaf { psk: [7; 32].into(), ..Eaf::default() }, ..Setup::default() });
    Client::authenticate(&server, TOKEN, &metadata(16, 1)).close();
    reported(&server.finish(), "a wrong HMAC");
}

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
