//! Refusals of EAF, and servers that violate it.

use crate::fronts::FRONTS;
use crate::parts::{TARGET, faulty, found, proxy, psk, token};
use crate::reference::{self, Action, Fault, Point, Server, Setup};
use crate::support::case::{Case, at_once};
use crate::support::clock::assert_on_time;
use anysocks::socks5a::{self, Eaf, Factor, Psk, Status};
use anysocks::{Auth, Error, ErrorKind, Stage};
use std::time::{Duration, Instant, SystemTime};

/// The error of CONNECT on each front end.
fn errors(auth: &Auth, setup: &Setup, check: impl Fn(Error)) {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = Server::start(setup.clone());
        let error = (front.connect5)(&proxy(server.addr, auth.clone()), TARGET).expect_err("a failure");
        assert_eq!(error.stage(), Stage::Authentication, "{error:?}");
        check(error);
        server.finish().clean();
    }
}

/// Checks that the error of SOCKS5a is this one, by `Debug`.
fn violates(auth: &Auth, setup: &Setup, expected: &str) {
    errors(auth, setup, |error| {
        assert_eq!(format!("{:?}", found(&error)), expected);
        assert!(!error.is_retryable());
    });
}

const X25519: &[u8] = b"\x01\x00\x22\x00\x1D\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\
    \x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09";
const P256: &[u8] = b"\x01\x00\x22\x00\x17\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\
    \x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09";

#[test]
fn of_versions_and_results() {
    for (fault, expected) in [
        (Fault::EafVersion(0xFF), "VersionRefused"),
        (Fault::EafVersion(2), "Malformed { field: \"VER\", byte: 2 }"),
        (Fault::MessageVersion(2), "Malformed { field: \"VER\", byte: 2 }"),
        (Fault::WrongHmac, "Hmac"),
        (Fault::WrongNonce, "Replayed"),
        (Fault::NoContext, "Replayed"),
        (Fault::Result(b"\x05\x00\x00".into()), "AuthLength(3)"),
        (Fault::Result(b"\x05".into()), "AuthLength(1)"),
        (Fault::Result(Vec::new()), "AuthLength(0)"),
        (Fault::Result(b"\x03\x00".into()), "Malformed { field: \"MID\", byte: 3 }"),
        (Fault::Lengths(4_097, 27), "MessageTooLong { field: \"ALEN\", len: 4097 }"),
        (Fault::Lengths(2, 4_097), "MessageTooLong { field: \"MLEN\", len: 4097 }"),
        (Fault::Lengths(0xFFFF, 0xFFFF), "MessageTooLong { field: \"ALEN\", len: 65535 }"),
    ] {
        let _case = Case::new(format!("{fault:?}"));
        violates(&token().auth(), &Setup { faults: vec![fault], ..Setup::default() }, expected);
    }
}

#[test]
fn of_metadata() {
    let group = Fault::Metadata(P256.into());
    for (faults, key_exchange, expected) in [
        (vec![Fault::Metadata(b"\x05\x00\x01a\x05\x00\x01b".into())], false, "MetadataTwice(5)"),
        (vec![Fault::Metadata(b"\x05\x00\x09a".into())], false, "MetadataLength"),
        (vec![Fault::Metadata(b"\x05".into())], false, "MetadataLength"),
        (vec![Fault::Metadata(b"\x03\x00\x01a".into())], false, "MetadataSize { kind: 3, len: 1 }"),
        (vec![Fault::Metadata(b"\x06\x00\x01\x81".into())], false, "ControlUnexpected(129)"),
        (vec![Fault::Metadata(X25519.into())], false, "KeyExchangeUnexpected"),
        (vec![Fault::Metadata(X25519.into())], true, "MetadataTwice(1)"),
        (vec![Fault::NoKeyExchange], true, "KeyExchangeMissing"),
        (vec![Fault::ZeroKey], true, "KeyExchangeWeak"),
        (vec![Fault::NoKeyExchange, group], true, "KeyExchangeGroup(23)"),
    ] {
        let _case = Case::new(format!("{faults:?}, key exchange: {key_exchange}"));
        let auth = token().key_exchange(key_exchange).auth();
        violates(&auth, &Setup { faults, ..Setup::default() }, expected);
    }
}

/// Unknown types, and the type of clients, are skipped.
#[test]
fn metadata_that_is_skipped() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([Fault::Metadata(b"\x07\x00\x00\x02\x00\x01x\xFF\x00\x02ab\x07\x00\x00".into())]);
        (front.connect5)(&proxy(server.addr, token().auth()), TARGET).expect("a tunnel");
        server.finish().only();
    }
}

#[test]
fn of_challenges() {
    let challenge = |len: u16| {
        let challenge = vec![b'c'; len.into()];
        Fault::ChallengeAuth([&b"\x02"[..], &len.to_be_bytes(), &challenge].concat())
    };
    let short = Fault::ChallengeAuth([&b"\x02\x00\x20"[..], &[b'c'; 31]].concat());
    for (fault, key_exchange, expected) in [
        (Fault::NoChallenge, false, "ChallengeMissing"),
        (challenge(0), false, "ChallengeLength(0)"),
        (challenge(15), false, "ChallengeLength(15)"),
        (challenge(1_025), false, "ChallengeLength(1025)"),
        (short, false, "AuthLength(34)"),
        (Fault::SecondChallenge, false, "AuthLength(35)"),
        (Fault::LaterMetadata(b"\x06\x00\x01\x00".into()), false, "ControlUnexpected(0)"),
        (Fault::LaterMetadata(X25519.into()), false, "KeyExchangeUnexpected"),
        (Fault::LaterMetadata(X25519.into()), true, "KeyExchangeUnexpected"),
    ] {
        let _case = Case::new(format!("{fault:?}, key exchange: {key_exchange}"));
        let eaf = reference::Eaf { factor: reference::Factor::Challenge(b"s".into()), ..Default::default() };
        let factor = Factor::challenge_response("s").expect("a secret");
        let auth = Eaf::new(psk(), factor).key_exchange(key_exchange).auth();
        violates(&auth, &Setup { eaf, faults: vec![fault], ..Setup::default() }, expected);
    }
}

/// A message of an earlier connection.
#[test]
fn of_a_replay() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([Fault::Replay]);
        let proxy = proxy(server.addr, token().auth());
        (front.connect5)(&proxy, TARGET).expect("a tunnel");
        let error = (front.connect5)(&proxy, TARGET).expect_err("a replay");
        assert!(matches!(found(&error), socks5a::Error::Replayed), "{error:?}");
        server.finish().clean();
    }
}

#[test]
fn by_status() {
    for (status, expected) in [
        (1, Status::Refused),
        (2, Status::Expired),
        (3, Status::RateLimited),
        (4, Status::Other(4)),
        (255, Status::Other(255)),
    ] {
        let _case = Case::new(format!("{expected:?}"));
        for factor in [reference::Factor::Token(b"tok-123".into()), reference::Factor::Challenge(b"s".into())]
        {
            let own = match factor {
                reference::Factor::Token(_) => Factor::token("tok-123"),
                _ => Factor::challenge_response("s"),
            };
            let auth = Eaf::new(psk(), own.expect("a factor")).auth();
            let eaf = reference::Eaf { factor, status: Some(status), ..Default::default() };
            errors(&auth, &Setup { eaf, ..Setup::default() }, |error| {
                assert!(
                    matches!(found(&error), socks5a::Error::Refused { status, .. } if *status == expected),
                    "{error:?}"
                );
                assert_eq!(found(&error).is_retryable(), expected == Status::RateLimited);
            });
        }
    }
}

/// Credentials that the server does not accept.
#[test]
fn by_wrong_credentials() {
    let secret = || Factor::challenge_response("other").expect("a secret");
    let totp = || Factor::totp("another secret").expect("a secret");
    let token = || Factor::token("other").expect("a token");
    let key = || Factor::public_key([1; 32]);
    let both = Factor::several([token(), totp()]).expect("two");
    let required = reference::Factor::Token(b"tok-123".into());
    for (own, factor) in [
        (secret(), reference::Factor::Challenge(b"s".into())),
        (totp(), reference::Factor::Totp(b"12345678901234567890".into())),
        (token(), required.clone()),
        (key(), reference::Factor::PublicKey([7; 32])),
        (both, reference::Factor::Several(vec![required.clone(), reference::Factor::Totp(b"s".into())])),
        // Another method than the server requires.
        (secret(), required.clone()),
        (key(), required),
    ] {
        let _case = Case::new(format!("{own:?}"));
        let eaf = reference::Eaf { factor, ..Default::default() };
        errors(&Eaf::new(psk(), own).auth(), &Setup { eaf, ..Setup::default() }, |error| {
            let found = found(&error);
            assert!(matches!(found, socks5a::Error::Refused { status: Status::Refused, .. }), "{found:?}");
        });
    }
}

/// The difference of the clocks explains the refusal.
#[test]
fn by_a_skewed_clock() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_secs();
    for (unix_time, least, most, text) in [
        (now - 1_000_000, -1_000_300, -1_000_000, " s behind this machine's"),
        (now + 1_000_000, 999_700, 1_000_000, " s ahead of this machine's"),
        (0, i64::MIN, -1_000_000_000, " s behind this machine's"),
        (u64::MAX, 1_000_000_000_000, i64::MAX, " s ahead of this machine's"),
    ] {
        let eaf = reference::Eaf { unix_time: Some(unix_time), ..Default::default() };
        errors(&token().auth(), &Setup { eaf, ..Setup::default() }, |error| {
            let socks5a::Error::Refused { status: Status::Expired, skew } = found(&error) else {
                panic!("{error:?}");
            };
            assert!((least..=most).contains(skew), "{skew}");
            assert!(found(&error).to_string().ends_with(text), "{error}");
        });
    }
}

/// The server finds the client's HMAC wrong, and closes.
#[test]
fn another_key() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([]);
        let eaf = Eaf::new(Psk::new([7; 16]).expect("16 bytes"), Factor::public_key([1; 32]));
        let error = (front.connect5)(&proxy(server.addr, eaf.auth()), TARGET).expect_err("a failure");
        assert!(matches!(error.kind(), ErrorKind::ClosedDuringMethod { .. }), "{error:?}");
        assert!(error.to_string().ends_with("its log may say why (another pre-shared key)"), "{error}");
        let report = server.finish();
        assert!(report.violations()[0].contains("HMAC"), "{report}");
    }
}

#[test]
fn ends_of_the_connection() {
    for point in [Point::EafVersion, Point::EafMessage] {
        for action in [Action::Close, Action::Reset] {
            let _case = Case::new(format!("{point:?}, {action:?}"));
            let setup = Setup { faults: vec![Fault::At(point, action)], ..Setup::default() };
            errors(&token().auth(), &setup, |error| {
                assert!(matches!(error.kind(), ErrorKind::ClosedDuringMethod { .. }), "{error:?}");
            });
        }
    }
}

#[test]
fn silence() {
    at_once(
        FRONTS,
        |front| front.name.to_owned(),
        |front| {
            let limit = Duration::from_secs(1);
            for point in [Point::EafVersion, Point::EafMessage] {
                let server = faulty([Fault::At(point, Action::Silence)]);
                let started = Instant::now();
                let proxy = proxy(server.addr, token().auth()).timeout(limit);
                let error = (front.connect5)(&proxy, TARGET).expect_err("a timeout");
                assert_on_time(started, limit);
                assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
                server.finish().only();
            }
        },
    );
}
