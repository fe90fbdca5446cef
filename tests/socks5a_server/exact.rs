//! Byte-exact vectors.

use crate::case::{Case, limit_test};
use crate::client::Client;
use crate::socks5a::vectors::{self, Vectors};
use crate::socks5a::{
    Address, Details, Eaf, Factor, Keys, Kind, Record, Reply, Server, Setup, Timing, tol_key, totp,
};
use std::convert::Infallible;

fn of(setup: impl FnOnce(&vectors::Case) -> Eaf, case: &vectors::Case) -> Setup {
    Setup { eaf: setup(case), ..Setup::default() }
}

/// The client's messages, as the server reads them, and its own, as it sends them.
#[test]
fn eaf_messages() {
    let vectors = Vectors::read();
    let psk = vectors.common.bytes("psk");
    let keys = Keys::of(&psk);
    assert_eq!(keys.client[..], vectors.common.bytes("client_key"));
    assert_eq!(keys.server[..], vectors.common.bytes("server_key"));
    let now: u64 = vectors.common.text("time").parse().expect("a time");
    let eaf = |factor| Eaf { psk: psk.clone(), factor, unix_time: Some(now + 1), ..Eaf::default() };
    let token = || Factor::Token(b"tok-123".into());
    let code = || Factor::Totp(b"12345678901234567890".into());
    let one: &[&str] = &["client_message", "server_result"];
    let cases: [(&str, Setup, &[&str]); 6] = [
        ("token", of(|_| eaf(token()), vectors.case("token")), one),
        (
            "token with key exchange",
            of(
                |case| Eaf { secret: Some(case.array("server_x25519_private")), ..eaf(token()) },
                vectors.case("token with key exchange"),
            ),
            one,
        ),
        (
            "public key",
            of(|case| eaf(Factor::PublicKey(case.array("ed25519_public"))), vectors.case("public key")),
            one,
        ),
        (
            "challenge-response",
            of(
                |case| Eaf {
                    challenge: Some(case.bytes("challenge")),
                    ..eaf(Factor::Challenge(b"sesame".into()))
                },
                vectors.case("challenge-response"),
            ),
            &["client_message_1", "server_challenge", "client_message_2", "server_result"],
        ),
        (
            "totp, answered expired",
            of(|_| Eaf { status: Some(2), ..eaf(code()) }, vectors.case("totp, answered expired")),
            one,
        ),
        (
            "multi-factor: token, then totp",
            of(
                |_| eaf(Factor::Several(vec![token(), code()])),
                vectors.case("multi-factor: token, then totp"),
            ),
            one,
        ),
    ];
    for (name, setup, messages) in cases {
        let _case = Case::new(name);
        let case = vectors.case(name);
        let refused = setup.eaf.status.is_some();
        let server = Server::start(setup);
        let mut client = Client::new(&server);
        // Chaining too: a capability of one of the vectors.
        client.send(if name.ends_with("exchange") { &b"\x05\x02\x80\x82"[..] } else { b"\x05\x01\x80" });
        client.expect(&[5, 0x80]);
        client.send(&[1]);
        client.expect(&[1]);
        for pair in messages.chunks(2) {
            client.send(&case.bytes(pair[0]));
            client.expect(&case.bytes(pair[1]));
        }
        client.close();
        let connection = server.finish().only();
        let identity = if name.ends_with("exchange") { "" } else { vectors.common.text("identity_utf8") };
        assert_eq!(connection.identity.as_deref(), Some(identity));
        let key = (!refused).then(|| case.array("session_key"));
        assert_eq!(connection.session_key, key);
    }
}

#[test]
fn codes_of_rfc_6238() {
    limit_test();
    let table = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];
    for (time, code) in table {
        assert_eq!(totp(b"12345678901234567890", time, 8), code);
    }
}

#[test]
fn records() {
    let vectors = Vectors::read();
    let own = tol_key(&vectors.common.bytes("psk"));
    assert_eq!(own, vectors.case("tol session key from its own psk").array("session_key"));
    let session = vectors.case("token with key exchange").array("session_key");
    let table = [
        ("tol stream record, type 00", Kind::None, own),
        ("tol stream record, type 01", Kind::Padding, own),
        ("tol stream record, type 04", Kind::Full, own),
        ("tol stream dummy, type 03", Kind::Masking, own),
        ("tol stream record under the key-exchange session", Kind::None, session),
    ];
    for (name, kind, key) in table {
        let _case = Case::new(name);
        let case = vectors.case(name);
        let rand = if kind.has_padding() { case.bytes("rand") } else { Vec::new() };
        let record = Record { kind, rand, message: case.bytes("message") };
        let bytes = case.bytes("record");
        assert_eq!(record.encode_stream(&key), bytes);
        for cut in 0..bytes.len() {
            assert_eq!(Record::decode_stream(&bytes[..cut], &key), Ok(None));
        }
        assert_eq!(Record::decode_stream(&bytes, &key), Ok(Some((record.clone(), bytes.len()))));
        let timing = record.check().expect("a sound record");
        assert_eq!(timing, (kind == Kind::Full).then_some(Timing { least: 5, most: 50, mode: 1 }));
    }
    let case = vectors.case("tol datagram, type 01");
    let record = Record { kind: Kind::Padding, rand: case.bytes("rand"), message: case.bytes("message") };
    assert_eq!(record.encode_datagram(&own), case.bytes("record"));
    assert_eq!(Record::decode_datagram(&case.bytes("record"), &own), Ok(record));
}

#[test]
fn requests_and_replies() {
    limit_test();
    let vectors = Vectors::read();
    let url = Address::Url("https://example.com/path?q=123".into());
    let table = [
        ("request CONNECT to a url", url, 443),
        ("request CONNECT to a unix path", Address::Unix(b"/run/app.sock".into()), 0),
        ("request CONNECT to an abstract unix name", Address::Abstract(b"app".into()), 0),
        ("request KEEP_ALIVE", Address::None, 0),
    ];
    for (name, address, port) in table {
        let bytes = vectors.case(name).bytes("request");
        assert_eq!(address.encode(port), bytes[3..]);
        let mut rest = &bytes[4..];
        let read = Address::read(bytes[3], |length| {
            let (field, behind) = rest.split_at(length);
            rest = behind;
            Ok::<_, Infallible>(field.to_vec())
        });
        assert_eq!(read, Ok(Some((address, port, Ok(())))));
        assert_eq!(rest, b"");
    }
    let reply = Reply::with_details(0x0a, 1, "Rate limit: 100/h");
    assert_eq!(reply.encode(), vectors.case("reply 0A with details").bytes("reply"));
    let reply = Reply::Refused(0x0f, Details::None);
    assert_eq!(reply.encode(), vectors.case("reply 0F without details").bytes("reply"));
}
