//! The exchange of tokens, and the granted flags.

use crate::Check;
use crate::kerberos::{Files, HOST, REALM, SERVICE};
use crate::pair::{Pair, service};
use anysocks_gssapi::{Context, Credentials, ErrorKind, Flags, Name, ServiceKeys, Source};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("establishing::both_sides_are_granted_what_was_asked_for", granted),
    ("establishing::delegation_only_on_request", delegation_only_on_request),
    ("establishing::without_mutual_authentication_one_token_is_enough", one_token),
    ("establishing::names_of_a_service", names_of_a_service),
    ("establishing::calls_at_the_wrong_time", calls_at_the_wrong_time),
];

const PROTECTION: Flags = Flags::CONFIDENTIALITY;

fn granted(files: &Files) {
    let mutual = Flags::MUTUAL | PROTECTION | Flags::INTEGRITY;
    for flags in [Flags::default(), mutual, mutual | Flags::REPLAY, mutual | Flags::SEQUENCE] {
        let mut pair = Pair::new(files, flags);
        assert_eq!((pair.client.granted(), pair.service.granted()), (flags, flags));
        pair.talk();
    }
}

fn delegation_only_on_request(files: &Files) {
    // The ticket would permit it.
    let pair = Pair::new(files, Flags::default());
    assert!(!pair.client.granted().contains(Flags::DELEGATION));
    assert!(!pair.service.granted().contains(Flags::DELEGATION));
    let pair = Pair::new(files, Flags::default() | Flags::DELEGATION);
    assert!(pair.client.granted().contains(Flags::DELEGATION));
    assert!(pair.service.granted().contains(Flags::DELEGATION));
}

fn one_token(files: &Files) {
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let (client, first) = Context::initiate(&credentials, &service(SERVICE), PROTECTION).unwrap();
    assert!(client.is_complete() && !client.granted().contains(Flags::MUTUAL));
    let keys = ServiceKeys::from_keytab(&files.service_keytab()).unwrap();
    let mut service = Context::accept(&keys).unwrap();
    assert_eq!(service.step(&first).unwrap(), None);
    Pair { client, service }.talk();
}

fn names_of_a_service(files: &Files) {
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    for name in [
        Name::service(&format!("{SERVICE}@{HOST}")),
        Name::principal(&format!("{SERVICE}/{HOST}")),
        Name::principal(&format!("{SERVICE}/{HOST}@{REALM}")),
    ] {
        Pair::between(&credentials, &name.unwrap(), files, Flags::default()).talk();
    }
    for name in [Name::service("rcmd"), Name::service("rcmd@"), Name::service("@host")] {
        assert_eq!(name.unwrap_err().kind(), ErrorKind::Invalid);
    }
    for name in ["", "a\0b"] {
        assert_eq!(Name::principal(name).unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(Name::service(&format!("rcmd@{name}")).unwrap_err().kind(), ErrorKind::Invalid);
    }
    let name = Name::service("rcmd@localhost").unwrap();
    assert_eq!(format!("{name} {name:?}"), r#"rcmd@localhost Name("rcmd@localhost")"#);
}

fn calls_at_the_wrong_time(files: &Files) {
    let wrong = |result: Result<(), anysocks_gssapi::Error>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::WrongState);
    };
    let refuses_messages = |context: &mut Context| {
        let mut out = Vec::new();
        wrong(context.wrap(true, b"x", &mut out).map(drop));
        wrong(context.unwrap(b"x", &mut out).map(drop));
        wrong(context.largest_plain(true, 1000).map(drop));
        assert!(out.is_empty() && !context.is_complete());
    };
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let (mut client, _) = Context::initiate(&credentials, &service(SERVICE), Flags::default()).unwrap();
    refuses_messages(&mut client);
    let keys = ServiceKeys::from_keytab(&files.service_keytab()).unwrap();
    let mut accepting = Context::accept(&keys).unwrap();
    refuses_messages(&mut accepting);
    // After an error, too.
    client.step(b"not a token").unwrap_err();
    refuses_messages(&mut client);
    wrong(client.step(b"not a token").map(drop));

    let mut pair = Pair::new(files, Flags::default());
    wrong(pair.client.step(b"one more").map(drop));
    wrong(pair.service.step(b"one more").map(drop));
    pair.talk();
}
