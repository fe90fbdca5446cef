//! Where credentials come from, and what they leave untouched.

use crate::Check;
use crate::kerberos::{Files, PASSWORD, PREAUTHENTICATED, REALM, SERVICE, USER};
use crate::pair::{Pair, service};
use anysocks_gssapi::{Credentials, ErrorKind, Flags, Source};
use std::fs;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("credentials::each_source_authenticates_its_principal", each_source_authenticates_its_principal),
    ("credentials::two_contexts_share_them", two_contexts_share_them),
    ("credentials::a_keytab_and_a_password_leave_the_default_cache", leave_the_default_cache),
    ("credentials::the_cache_of_a_keytab_ends_with_them", the_cache_of_a_keytab_ends_with_them),
];

fn each_source_authenticates_its_principal(files: &Files) {
    for (source, principal) in [
        (Source::default_cache(), USER),
        (Source::cache(files.user_cache()), USER),
        (Source::cache(format!("FILE:{}", files.user_cache())), USER),
        (Source::keytab(files.client_keytab(), USER), USER),
        (Source::keytab(files.client_keytab(), format!("{USER}@{REALM}")), USER),
        (Source::password(USER, PASSWORD), USER),
        (Source::password(PREAUTHENTICATED, PASSWORD), PREAUTHENTICATED),
    ] {
        let credentials = Credentials::acquire(&source).unwrap_or_else(|error| panic!("{source:?}: {error}"));
        let mut pair = Pair::between(&credentials, &service(SERVICE), files, Flags::default());
        // A context works without them.
        drop(credentials);
        pair.talk();
        assert_eq!(pair.service.client(), Some(&*format!("{principal}@{REALM}")), "{source:?}");
        assert_eq!(pair.client.client(), None);
    }
}

fn two_contexts_share_them(files: &Files) {
    let credentials = Credentials::acquire(&Source::keytab(files.client_keytab(), USER)).unwrap();
    let other = credentials.clone();
    let mut first = Pair::between(&credentials, &service(SERVICE), files, Flags::default());
    drop(credentials);
    let mut second = Pair::between(&other, &service(SERVICE), files, Flags::default());
    first.talk();
    second.talk();
}

fn leave_the_default_cache(files: &Files) {
    // An earlier use may have added the service's ticket, and other trials use this cache.
    let cache = files.directory().join("untouched.ccache");
    fs::copy(files.user_cache(), &cache).unwrap();
    let cache = cache.display().to_string();
    let before = fs::read(&cache).unwrap();
    crate::run_alone("alone::a_keytab_and_a_password", &[("KRB5CCNAME", &cache)]);
    assert!(before == fs::read(&cache).unwrap(), "the default cache has changed");
}

fn the_cache_of_a_keytab_ends_with_them(_: &Files) {
    crate::run_alone("alone::the_cache_of_a_keytab", &[]);
}

pub(crate) const ALONE: &[(&str, Check)] = &[
    ("alone::a_keytab_and_a_password", a_keytab_and_a_password),
    ("alone::the_cache_of_a_keytab", the_cache_of_a_keytab),
];

fn a_keytab_and_a_password(files: &Files) {
    for source in [Source::keytab(files.client_keytab(), USER), Source::password(PREAUTHENTICATED, PASSWORD)]
    {
        let credentials = Credentials::acquire(&source).unwrap();
        Pair::between(&credentials, &service(SERVICE), files, Flags::default()).talk();
    }
}

fn the_cache_of_a_keytab(files: &Files) {
    let memory = |n: u32| Credentials::acquire(&Source::cache(format!("MEMORY:anysocks-gssapi-{n}")));
    let acquire = || Credentials::acquire(&Source::keytab(files.client_keytab(), USER)).unwrap();
    let (first, second) = (acquire(), acquire());
    // Each has one of its own.
    for n in [0, 1] {
        memory(n).unwrap();
    }
    drop(first);
    assert_eq!(memory(0).unwrap_err().kind(), ErrorKind::NoCredentials);
    memory(1).unwrap();
    Pair::between(&second, &service(SERVICE), files, Flags::default()).talk();
    drop(second);
    assert_eq!(memory(1).unwrap_err().kind(), ErrorKind::NoCredentials);
}
