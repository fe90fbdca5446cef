//! Negotiations with a sound client.

use crate::case::Case;
use crate::client::{CONNECT, Client, GRANTED, PSK, TOKEN, context, metadata};
use crate::socks5a::{
    Dummies, Eaf, Entry, Factor, Keys, Kind, Message, Obfuscation, Record, Server, Setup, Timing, session_key,
};
use ed25519_dalek::{Signer, SigningKey};
use x25519_dalek::{PublicKey, StaticSecret};

/// Reads an EAF message of the server: its AUTH, its metadata and its bytes.
fn answer(client: &mut Client) -> (Vec<u8>, Vec<Entry>, Vec<u8>) {
    let mut bytes = client.read(5);
    let length = Message::length(bytes[..].try_into().expect("5 bytes")).expect("a message");
    bytes.extend(client.read(length - 5));
    let message = Message::decode(&bytes, &Keys::of(&PSK).server).expect("a message");
    (message.auth, Entry::decode_all(&message.metadata).expect("metadata"), bytes)
}

#[test]
fn methods_of_rfc_1928() {
    let server = Server::start(Setup::default());
    let mut client = Client::select(&server, 0x00);
    client.request(CONNECT, GRANTED);
    client.request(b"echo", b"echo");
    assert_eq!(client.close(), b"");
    let mut client = Client::select(&server, 0x02);
    client.request(b"\x01\x04user\x08password", b"\x01\x00");
    client.request(CONNECT, GRANTED);
    drop(client);
    let mut client = Client::select(&server, 0x02);
    client.request(b"\x01\x04user\x05wrong", b"\x01\x01");
    drop(client);
    let connections = server.finish().clean();
    assert_eq!(connections.iter().map(|connection| connection.relayed).collect::<Vec<_>>(), [4, 0, 0]);
}

#[test]
fn status_of_each_factor() {
    let signing = SigningKey::from_bytes(&[3; 32]);
    let public = signing.verifying_key().to_bytes();
    let sign = |metadata: &[Entry]| {
        let metadata = Entry::encode_all(metadata);
        let signature = signing.sign(&[&b"socks5a eaf v1 public key"[..], &public, &metadata].concat());
        [&b"\x01\x00\x20\x00\x40"[..], &public, &signature.to_bytes()].concat()
    };
    let own = metadata(1, 1);
    let token = || Factor::Token(b"tok-123".into());
    let code = || Factor::Code("123456".into());
    let both = || Factor::Several(vec![token(), code()]);
    let table = [
        ("a signature", Factor::PublicKey(public), sign(&own), own.clone(), 0),
        ("a signature of other metadata", Factor::PublicKey(public), sign(&own), metadata(1, 2), 1),
        ("another key", Factor::PublicKey([4; 32]), sign(&own), metadata(1, 3), 1),
        ("a token", token(), TOKEN.into(), metadata(16, 4), 0),
        ("another token", token(), b"\x05\x00\x01t".into(), metadata(16, 5), 1),
        ("another method", code(), TOKEN.into(), metadata(16, 6), 1),
        ("a code", code(), b"\x03\x00\x06123456".into(), metadata(4, 7), 0),
        (
            "two factors",
            both(),
            b"\x04\x02\x00\x09\x03\x00\x06123456\x00\x0a\x05\x00\x07tok-123".into(),
            metadata(28, 8),
            0,
        ),
        (
            "one wrong",
            both(),
            b"\x04\x02\x00\x09\x03\x00\x06123457\x00\x0a\x05\x00\x07tok-123".into(),
            metadata(28, 9),
            1,
        ),
        (
            "a wrong clock",
            token(),
            TOKEN.into(),
            vec![Entry::new(2, [0, 0, 0, 16]), Entry::context(9, [10; 16])],
            2,
        ),
        (
            "and a challenge",
            Factor::Challenge(b"s".into()),
            b"\x02\x00\x00".into(),
            vec![Entry::new(2, [0, 0, 0, 2]), Entry::context(9, [11; 16])],
            2,
        ),
    ];
    for (name, factor, auth, metadata, status) in table {
        let _case = Case::new(name);
        let server = Server::start(Setup { eaf: Eaf { factor, ..Eaf::default() }, ..Setup::default() });
        let mut client = Client::authenticate(&server, &auth, &metadata);
        assert_eq!(answer(&mut client).0, [auth[0], status]);
        if status == 0 {
            client.request(CONNECT, GRANTED);
        }
        drop(client);
        server.finish().only();
    }
}

/// EAF, TOL under its session key, then a password, with dummies around each record.
#[test]
fn sequence_with_records() {
    for kind in Kind::ALL {
        let _case = Case::new(format!("{kind:?}"));
        let server = Server::start(Setup {
            sequence: vec![0x80, 0x81, 0x02, 0x00],
            eaf: Eaf { parameters: Some(b"limit=9".into()), capabilities: Some(0x3ff), ..Eaf::default() },
            tol: Obfuscation { kind, dummies: Dummies::Everywhere(2), split: 3, ..Obfuscation::default() },
            ..Setup::default()
        });
        let mut client = Client::select(&server, 0x82);
        client.expect(b"\x05\x80");
        client.send(&[1]);
        client.expect(&[1]);
        let own = metadata(16 | 1 << 8 | 1 << 9, 1);
        client.eaf(TOKEN, &own);
        let (auth, entries, bytes) = answer(&mut client);
        assert_eq!(auth, [5, 0]);
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [3, 5, 6, 4]);
        assert_eq!(entries[2].value, [0x81]);
        client.expect(b"\x05\x81");
        let key = server_key(&own, &bytes);
        let mut client = client.records(key);
        client.expect(b"\x05\x02");
        client.request(b"\x01\x04user\x08password", b"\x01\x00");
        client.expect(b"\x05\x00");
        client.request(b"\x05\x04\x00\x00\x00\x00", b"\x05\x00\x00\x00\x00\x00");
        client.record(&Record::new(kind, Timing::default(), b""));
        client.request(CONNECT, GRANTED);
        client.request(b"echo", b"echo");
        assert_eq!(client.close(), b"");
        assert!(client.dummies > 20, "{}", client.dummies);
        drop(client);
        let connection = server.finish().only();
        assert_eq!(connection.methods, [0x80, 0x81, 0x02]);
        assert_eq!((connection.session_key, connection.records.dummies()), (Some(key), 1));
    }
}

/// The session key behind this exchange.
fn server_key(own: &[Entry], answer: &[u8]) -> [u8; 32] {
    let own = Message { auth: TOKEN.into(), metadata: Entry::encode_all(own) };
    session_key(&[&own.encode(&Keys::of(&PSK).client), answer].concat(), &PSK, b"")
}

/// One key exchange, and the session key of both sides.
#[test]
fn key_exchange() {
    let server = Server::start(Setup {
        eaf: Eaf { requires_key_exchange: true, ..Eaf::default() },
        ..Setup::default()
    });
    let secret = StaticSecret::from([1; 32]);
    let own = vec![
        Entry::key_exchange(PublicKey::from(&secret).to_bytes()),
        Entry::new(2, [0, 0, 0, 0x30]),
        context(1),
    ];
    let mut client = Client::authenticate(&server, TOKEN, &own);
    let (auth, entries, bytes) = answer(&mut client);
    assert_eq!((&auth[..], entries[0].kind), (&[5, 0][..], 1));
    let public: [u8; 32] = entries[0].value[2..].try_into().expect("32 bytes");
    let shared = secret.diffie_hellman(&PublicKey::from(public));
    let message = Message { auth: TOKEN.into(), metadata: Entry::encode_all(&own) };
    let message = message.encode(&Keys::of(&PSK).client);
    drop(client);
    let key = session_key(&[message, bytes].concat(), &PSK, shared.as_bytes());
    assert_eq!(server.finish().only().session_key, Some(key));
}
