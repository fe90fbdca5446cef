//! The exchange against the vectors, at every split and truncation, and all that a proxy can do
//! wrong.

#[cfg(target_os = "linux")]
mod wiping;

use super::*;
use crate::error::ErrorKind;
use crate::socks5a::vectors::{case, common};
use std::time::{Duration, SystemTime};

const TIME: u64 = 1_770_000_000;

fn token() -> Factor {
    Factor::token("tok-123").unwrap()
}

fn totp() -> Factor {
    Factor::totp("12345678901234567890").unwrap()
}

fn challenge_response() -> Factor {
    Factor::challenge_response("sesame").unwrap()
}

fn private_key(bytes: [u8; 32]) -> PrivateKey {
    let mut key = Key::default();
    key.copy_from_slice(&bytes);
    PrivateKey::from_key(key)
}

fn start(factor: Factor, private: Option<[u8; 32]>) -> Exchange {
    let with_identity = private.is_none();
    let options = Options {
        psk: Psk::new(common().bytes("psk")).unwrap(),
        factor,
        identity: if with_identity { common().text("identity_utf8") } else { "" }.into(),
        key_exchange: private.is_some(),
    };
    let others = (Capabilities::TOL | Capabilities::SEQUENCE).filter(private.is_some());
    let private_key = private.map(private_key);
    let ephemeral = Ephemeral { time: TIME, nonce: common().array("nonce"), private_key };
    Exchange::start(Arc::new(options), ephemeral, others).unwrap()
}

/// What was written, and the outcome.
pub(in crate::socks5a) type Played<T> = (Vec<u8>, Result<T, crate::Error>);

/// Plays these answers in pieces of at most `piece` bytes. At their end, the proxy closes the
/// connection.
pub(in crate::socks5a) fn play<C: Conversation>(
    conversation: &mut C,
    mut answers: &[u8],
    piece: usize,
) -> Played<C::Outcome> {
    let mut written = Vec::new();
    loop {
        let mut scratch = Scratch::new();
        let n = match conversation.step(&mut scratch) {
            Step::Write(bytes) => {
                let n = bytes.len().min(piece);
                written.extend(&bytes[..n]);
                n
            }
            Step::Read(room) => {
                let n = room.len().min(piece).min(answers.len());
                room[..n].copy_from_slice(&answers[..n]);
                answers = &answers[n..];
                n
            }
            Step::Done(outcome) => {
                assert!(answers.is_empty(), "{} bytes were not read", answers.len());
                return (written, Ok(outcome));
            }
        };
        let advanced = conversation.advance(n);
        match advanced {
            Err(error) => return (written, Err(error)),
            Ok(()) if n == 0 => {
                let failure = conversation.failure(ErrorKind::EndedEarly { received: 0 });
                return (written, Err(failure));
            }
            Ok(()) => {}
        }
    }
}

fn error(played: Played<Verified>) -> String {
    let Err(error) = played.1 else { panic!("verified") };
    assert_eq!(error.stage(), Stage::Authentication);
    Error::of(&error).map_or_else(|| format!("{:?}", error.kind()), |error| format!("{error:?}"))
}

#[test]
fn the_keys() {
    let psk = common().bytes("psk");
    assert_eq!(*crypto::client_key(&psk), common().array("client_key"));
    assert_eq!(*crypto::server_key(&psk), common().array("server_key"));
    let own = case("tol session key from its own psk");
    assert_eq!(*crypto::tol_key(&psk), own.array("session_key"));
}

/// The name of a case, its factor, and the private key of the client.
fn cases() -> [(&'static str, Factor, Option<[u8; 32]>); 6] {
    let [exchange, key] = ["token with key exchange", "public key"].map(case);
    [
        ("token", token(), None),
        ("token with key exchange", token(), Some(exchange.array("client_x25519_private"))),
        ("public key", Factor::public_key(key.array("ed25519_seed")), None),
        ("challenge-response", challenge_response(), None),
        ("totp, answered expired", totp(), None),
        ("multi-factor: token, then totp", Factor::several([token(), totp()]).unwrap(), None),
    ]
}

/// The messages of a case, those of the client first.
fn messages(name: &str) -> [Vec<u8>; 2] {
    let case = case(name);
    if name == "challenge-response" {
        let all = |keys: [&str; 2]| [&[VERSION][..], &case.bytes(keys[0]), &case.bytes(keys[1])].concat();
        return [all(["client_message_1", "client_message_2"]), all(["server_challenge", "server_result"])];
    }
    ["client_message", "server_result"].map(|key| [&[VERSION][..], &case.bytes(key)].concat())
}

#[test]
fn the_vectors_in_pieces_of_any_size() {
    for (name, factor, private) in cases() {
        let [clients, servers] = messages(name);
        for piece in 1..servers.len() {
            let (written, outcome) = play(&mut start(factor.clone(), private), &servers, piece);
            assert_eq!(written, clients, "{name} in pieces of {piece}");
            if name.ends_with("expired") {
                let expected = "Refused { status: Expired, skew: 1 }";
                assert_eq!(error((written, outcome)), expected, "in pieces of {piece}");
                continue;
            }
            let Ok(Verified { key, session, control: None }) = outcome else {
                panic!("{name} in pieces of {piece}")
            };
            assert_eq!(*key, case(name).array("session_key"), "{name}");
            assert_eq!(session.identity(), Some(if private.is_some() { "" } else { "alice@example" }));
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME + 1);
            assert_eq!(session.server_time(), Some(time));
            assert_eq!((session.server_capabilities(), session.parameters()), (None, None));
        }
    }
}

#[test]
fn every_truncation_is_an_end() {
    for (name, factor, private) in cases() {
        let [_, servers] = messages(name);
        for len in 0..servers.len() {
            let played = play(&mut start(factor.clone(), private), &servers[..len], usize::MAX);
            assert_eq!(error(played), "EndedEarly { received: 0 }", "{name}, {len}");
        }
    }
}

/// A changed byte anywhere is found, and in nothing but the header before the HMAC.
#[test]
fn every_changed_byte_is_found() {
    for (name, factor, private) in cases() {
        let [_, servers] = messages(name);
        for at in 1..servers.len() {
            let mut changed = servers.clone();
            changed[at] ^= 0x80;
            let error = error(play(&mut start(factor.clone(), private), &changed, usize::MAX));
            let found = ["Hmac", "EndedEarly", "Malformed { field: \"VER\"", "MessageTooLong"];
            assert!(found.iter().any(|found| error.starts_with(found)), "{name}, {at}: {error}");
        }
    }
}

/// A message of the proxy with a valid HMAC.
fn message(auth: &[u8], metadata: &[&[u8]]) -> Vec<u8> {
    let server = Mac::new(&*crypto::server_key(&common().bytes("psk")));
    message::seal(&server, auth, &metadata.concat()).unwrap().to_vec()
}

fn context() -> Vec<u8> {
    [&b"\x04\x00\x18\0\0\0\0\x69\x80\x0E\x81"[..], &common().bytes("nonce")].concat()
}

fn key_exchange(key: [u8; 32]) -> Vec<u8> {
    [&b"\x01\x00\x22\x00\x1D"[..], &key].concat()
}

/// The error of these messages, after the version.
fn of(factor: &Factor, private: Option<[u8; 32]>, messages: &[Vec<u8>]) -> String {
    let answers = [&[VERSION][..], &messages.concat()].concat();
    error(play(&mut start(factor.clone(), private), &answers, usize::MAX))
}

#[test]
fn versions() {
    for (answer, expected) in [
        (0xFF, "VersionRefused"),
        (2, "Malformed { field: \"VER\", byte: 2 }"),
        (0, "Malformed { field: \"VER\", byte: 0 }"),
    ] {
        let (written, outcome) = play(&mut start(token(), None), &[answer], usize::MAX);
        assert_eq!(written, [VERSION], "nothing else is sent");
        assert_eq!(error((written, outcome)), expected);
    }
}

#[test]
fn refusals() {
    for (status, expected) in [(1, "Refused"), (2, "Expired"), (3, "RateLimited"), (9, "Other(9)")] {
        // Also without its part of the key exchange, and in the place of a challenge.
        for (factor, private) in [(token(), None), (token(), Some([1; 32])), (challenge_response(), None)] {
            let result = message(&[factor.mid(), status], &[&context()]);
            let expected = format!("Refused {{ status: {expected}, skew: 1 }}");
            assert_eq!(of(&factor, private, &[result]), expected);
        }
    }
    let result = message(&[5, 3], &[&context()]);
    let (_, outcome) = play(&mut start(token(), None), &[&[1][..], &result].concat(), usize::MAX);
    let Err(error) = outcome else { panic!("verified") };
    assert!(Error::of(&error).unwrap().is_retryable() && error.is_retryable());
    let error = std::io::Error::from(error);
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    assert!(Error::of(&error).is_some());
}

#[test]
fn a_clock_that_differs_is_named() {
    for (skew, shown) in [
        (59, ""),
        (60, "; its clock is 60 s ahead of this machine's"),
        (-3600, "; its clock is 3600 s behind this machine's"),
    ] {
        let text = Error::Refused { status: Status::Expired, skew }.to_string();
        assert_eq!(
            text,
            format!("the proxy refused: the credentials have expired, or a clock is wrong{shown}")
        );
    }
}

#[test]
fn violations() {
    let [token, challenge] = [token(), challenge_response()];
    let context = context();
    let other = [&context[..context.len() - 1], b"x"].concat();
    let [own, twice] = [&[&context[..]][..], &[&context, &context]];
    let key = key_exchange(private_key([2; 32]).public_key());
    let asked = |bytes: &[u8]| message(&[&[2, 0, u8::try_from(bytes.len()).unwrap()], bytes].concat(), own);
    let long = |len: u16| {
        let auth = [&[2][..], &len.to_be_bytes(), &vec![7; len.into()]].concat();
        message(&auth, own)
    };
    for (factor, private, messages, expected) in [
        (&token, None, vec![message(&[5, 0], &[])], "Replayed"),
        (&token, None, vec![message(&[5, 0], &[&other])], "Replayed"),
        (&token, None, vec![message(&[5, 1], &[&other])], "Replayed"),
        (&token, None, vec![message(&[5, 0], twice)], "MetadataTwice(4)"),
        (&token, None, vec![message(&[5, 0], &[&context, b"\x09"])], "MetadataLength"),
        (&token, None, vec![message(&[5, 0], &[&context, b"\x06\0\0"])], "MetadataSize { kind: 6, len: 0 }"),
        (&token, None, vec![message(&[3, 0], own)], "Malformed { field: \"MID\", byte: 3 }"),
        (&token, None, vec![message(&[], own)], "AuthLength(0)"),
        (&token, None, vec![message(&[5], own)], "AuthLength(1)"),
        (&token, None, vec![message(&[5, 0, 0], own)], "AuthLength(3)"),
        (&token, None, vec![message(&[5, 0], &[&context, &key])], "KeyExchangeUnexpected"),
        (&token, Some([1; 32]), vec![message(&[5, 0], own)], "KeyExchangeMissing"),
        (
            &token,
            Some([1; 32]),
            vec![message(&[5, 0], &[&context, &key_exchange([0; 32])])],
            "KeyExchangeWeak",
        ),
        (
            &challenge,
            Some([1; 32]),
            vec![
                message(&[&[2, 0, 16][..], &[7; 16]].concat(), &[&context, &key]),
                message(&[2, 0], &[&context, &key]),
            ],
            "KeyExchangeUnexpected",
        ),
        (&challenge, None, vec![message(&[2, 0], own)], "ChallengeMissing"),
        (&challenge, None, vec![message(&[2, 0, 0], own)], "ChallengeLength(0)"),
        (&challenge, None, vec![asked(&[7; 15])], "ChallengeLength(15)"),
        (&challenge, None, vec![long(1025)], "ChallengeLength(1025)"),
        (&challenge, None, vec![message(&[&[2, 0, 17][..], &[7; 16]].concat(), own)], "AuthLength(19)"),
        (&challenge, None, vec![asked(&[7; 16]), asked(&[7; 16])], "AuthLength(19)"),
        (&challenge, None, vec![asked(&[7; 16]), message(&[2, 0, 0], own)], "AuthLength(3)"),
        (&challenge, None, vec![long(1024), message(&[2, 1], own)], "Refused { status: Refused, skew: 1 }"),
    ] {
        assert_eq!(of(factor, private, &messages), expected);
    }
}

/// The lengths are checked before anything is reserved for them.
#[test]
fn long_messages() {
    for (header, expected) in [
        (b"\x01\x10\x01\x00\x00", "MessageTooLong { field: \"ALEN\", len: 4097 }"),
        (b"\x01\x00\x00\xFF\xFF", "MessageTooLong { field: \"MLEN\", len: 65535 }"),
        (b"\x02\x00\x00\x00\x00", "Malformed { field: \"VER\", byte: 2 }"),
    ] {
        assert_eq!(of(&token(), None, &[header.to_vec()]), expected);
    }
    let parameters = [&b"\x05\x0F\xE2"[..], &[b'p'; 4066]].concat();
    let result = message(&[5, 0], &[&context(), &parameters]);
    let (_, outcome) = play(&mut start(token(), None), &[&[1][..], &result].concat(), usize::MAX);
    assert_eq!(outcome.ok().unwrap().session.parameters(), Some(&[b'p'; 4066][..]));
}

/// In two messages, the later value counts.
#[test]
fn what_the_proxy_tells() {
    let challenge = [&[2, 0, 16][..], &[7; 16]].concat();
    let first: [&[u8]; 4] = [&context(), b"\x03\0\x04\0\0\0\x10", b"\x05\0\x01a", b"\x06\0\x01\x02"];
    let second: [&[u8]; 3] = [b"\x05\0\x01b", b"\x06\0\x01\x81", &context()];
    let answers = [&[1][..], &message(&challenge, &first), &message(&[2, 0], &second)].concat();
    let mut exchange = start(challenge_response(), None);
    let (_, outcome) = play(&mut exchange, &answers, usize::MAX);
    let session = outcome.ok().unwrap().session;
    assert_eq!(session.server_capabilities(), Some(Capabilities::TOKEN));
    assert_eq!(session.parameters(), Some(&b"b"[..]));
    assert_eq!(exchange.control(), Some(0x81));
}

/// A nonce and a private key are drawn for each connection.
#[test]
fn each_connection_is_another_one() {
    let eaf = crate::socks5a::Eaf::new(Psk::new([1; 16]).unwrap(), token()).key_exchange(true);
    let mut messages = [(); 2].map(|()| {
        let mut exchange = eaf.exchange(Capabilities::TOL).unwrap();
        play(&mut exchange, &[VERSION], usize::MAX).0
    });
    assert_eq!(messages[0].len(), messages[1].len());
    let at = 1 + HEADER + 10 + 5;
    let [one, two] = messages.each_mut().map(|message| message[at..][..32].to_vec());
    assert_ne!(one, two, "the public key");
    let capabilities = &messages[0][at + 32..][..7];
    assert_eq!(capabilities, b"\x02\0\x04\0\0\x01\x30");
    let [one, two] = messages.each_ref().map(|message| &message[at + 32 + 7 + 3 + 8..][..NONCE]);
    assert_ne!(one, two, "the NONCE");
}
