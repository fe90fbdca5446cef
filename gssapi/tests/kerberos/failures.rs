//! What users get wrong, and what goes wrong between them and the KDC.

use crate::Check;
use crate::kerberos::{Files, GONE, PASSWORD, PREAUTHENTICATED, REALM, SERVICE, SKEWED, USER};
use crate::pair::service;
use anysocks_gssapi::{Context, Credentials, Error, ErrorKind, Flags, ServiceKeys, Source};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("failures::of_credentials", of_credentials),
    ("failures::expired_ticket", expired_ticket),
    ("failures::unknown_service", unknown_service),
    ("failures::of_a_service", of_a_service),
    ("failures::changed_tokens", changed_tokens),
];

/// Checks the kind, and that the text begins with the kind's words and goes on with the library's.
fn check(error: &Error, kind: ErrorKind, text: &str) {
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.message().contains(text), "{error:?}");
    assert_eq!(error.to_string(), format!("{kind}: {}", error.message()));
}

fn of_credentials(files: &Files) {
    let at = |user: &str, realm: &str| format!("{user}@{realm}");
    let none = files.directory().join("none").display().to_string();
    let rows: &[(Source, ErrorKind, &str)] = &[
        (Source::cache(&none), ErrorKind::NoCredentials, &none),
        (Source::cache("MEMORY:nobody-has-filled-it"), ErrorKind::NoCredentials, ""),
        (Source::cache("NOKIND:x"), ErrorKind::NoCredentials, "Unknown credential cache type"),
        (Source::keytab(&none, USER), ErrorKind::NoCredentials, &none),
        (Source::keytab(files.client_keytab(), PREAUTHENTICATED), ErrorKind::NoCredentials, PREAUTHENTICATED),
        (Source::keytab(files.stale_keytab(), USER), ErrorKind::WrongPassword, ""),
        (Source::password(USER, "wrong"), ErrorKind::WrongPassword, "integrity check failed"),
        (Source::password(USER, ""), ErrorKind::Invalid, "empty password"),
        (Source::password(PREAUTHENTICATED, "wrong"), ErrorKind::WrongPassword, ""),
        (Source::password("unknown", PASSWORD), ErrorKind::UnknownClient, "unknown@"),
        (Source::password(at(USER, GONE), PASSWORD), ErrorKind::KdcUnreachable, GONE),
        (Source::password(at(USER, "NOWHERE.LOCAL"), PASSWORD), ErrorKind::KdcUnreachable, "NOWHERE.LOCAL"),
        (Source::password(at(USER, SKEWED), PASSWORD), ErrorKind::ClockSkew, "Clock skew too great"),
        (Source::password(USER, "a\0b"), ErrorKind::Invalid, "NUL"),
        (Source::cache("a\0b"), ErrorKind::Invalid, "NUL"),
        (Source::keytab("a\0b", USER), ErrorKind::Invalid, "NUL"),
    ];
    for (source, kind, text) in rows {
        let error = Credentials::acquire(source).expect_err(&format!("{source:?}"));
        check(&error, *kind, text);
    }
}

fn expired_ticket(files: &Files) {
    let started = Instant::now();
    let error = loop {
        let credentials = Credentials::acquire(&Source::cache(files.expired_cache()));
        let flags = Flags::default();
        match credentials.and_then(|credentials| Context::initiate(&credentials, &service(SERVICE), flags)) {
            Err(error) => break error,
            Ok(_) => assert!(started.elapsed() < Duration::from_secs(60), "it does not expire"),
        }
        thread::sleep(Duration::from_millis(500));
    };
    check(&error, ErrorKind::Expired, "expired");
}

fn unknown_service(files: &Files) {
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let error = Context::initiate(&credentials, &service("unknown"), Flags::default()).unwrap_err();
    check(&error, ErrorKind::UnknownService, &format!("unknown/localhost@{REALM}"));
}

fn of_a_service(files: &Files) {
    let none = files.directory().join("none").display().to_string();
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let (_, token) = Context::initiate(&credentials, &service(SERVICE), Flags::default()).unwrap();
    // MIT Kerberos reads the keytab when it needs a key.
    for (keytab, kind, text) in [
        (&none, ErrorKind::NoCredentials, "nonexistent or empty"),
        (&files.client_keytab(), ErrorKind::Other, "not found in keytab"),
    ] {
        let result = ServiceKeys::from_keytab(keytab)
            .and_then(|keys| Context::accept(&keys))
            .and_then(|mut service| service.step(&token));
        let error = result.unwrap_err();
        check(&error, kind, text);
    }
    assert_eq!(ServiceKeys::from_keytab("a\0b").unwrap_err().kind(), ErrorKind::Invalid);
}

fn changed_tokens(files: &Files) {
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let keys = ServiceKeys::from_keytab(&files.service_keytab()).unwrap();
    let initiate = || Context::initiate(&credentials, &service(SERVICE), Flags::default()).unwrap();
    let spoil = |token: &[u8]| {
        let mut token = token.to_vec();
        let last = token.len() - 1;
        token[last] ^= 1;
        token
    };
    let (_, token) = initiate();
    for bad in [&spoil(&token)[..], b"", b"\x60"] {
        let error = Context::accept(&keys).unwrap().step(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadToken, "{error}");
    }
    // MIT Kerberos has no code for some of these.
    for length in (1..token.len()).step_by(50) {
        let error = Context::accept(&keys).unwrap().step(&token[..length]).unwrap_err();
        assert!(!error.message().contains("Success"), "{error}");
    }
    let answer = |token: &[u8]| Context::accept(&keys).unwrap().step(token).unwrap().unwrap();
    let (mut client, token) = initiate();
    let error = client.step(&spoil(&answer(&token))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadToken, "{error}");
    // A repeated token is not accepted a second time.
    let error = Context::accept(&keys).unwrap().step(&token).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadToken, "{error}");
    // The answer to another context.
    let (mut client, _) = initiate();
    let (_, other) = initiate();
    let error = client.step(&answer(&other)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadToken, "{error:?}");
}
