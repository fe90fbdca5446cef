//! Lengths of tokens, which depend on the kind of the session key.

use crate::Check;
use crate::kerberos::{Files, SERVICES_BY_ENCTYPE};
use crate::pair::{Pair, service};
use anysocks_gssapi::{Credentials, Flags, Source};
use std::env;

pub(crate) const CHECKS: &[(&str, Check)] = &[("sizes::by_the_kind_of_the_key", by_the_kind_of_the_key)];

/// The service of a kind, and what a token is longer than its message: without and with encryption.
const OVERHEADS: [(&str, usize, usize); 5] = [
    ("aes128-sha1", 28, 60),
    ("aes256-sha1", 28, 60),
    ("aes128-sha2", 32, 64),
    ("aes256-sha2", 40, 72),
    ("camellia", 32, 64),
];

/// In a child: the service.
const KIND: &str = "ANYSOCKS_KIND";

/// A process has one configuration, and by it one kind of key that both sides prefer.
fn by_the_kind_of_the_key(files: &Files) {
    // Under valgrind, one process takes seconds.
    let kinds = if env::var_os(crate::RUNNER).is_some() { 1 } else { SERVICES_BY_ENCTYPE.len() };
    for (kind, enctype) in &SERVICES_BY_ENCTYPE[..kinds] {
        let config = files.config_of(enctype).display().to_string();
        crate::run_alone("alone::sizes", &[("KRB5_CONFIG", &config), (KIND, kind)]);
    }
}

pub(crate) const ALONE: &[(&str, Check)] = &[("alone::sizes", sizes)];

fn sizes(files: &Files) {
    let kind = env::var(KIND).unwrap();
    let (_, integrity, confidentiality) = OVERHEADS.into_iter().find(|(name, ..)| *name == kind).unwrap();
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let mut pair = Pair::between(&credentials, &service(&kind), files, Flags::default());
    pair.talk();
    let Pair { mut client, mut service } = pair;
    for (confidential, overhead) in [(false, integrity), (true, confidentiality)] {
        let mut length_of = |length: usize| {
            let (mut token, mut plain) = (Vec::new(), Vec::new());
            let message = vec![7; length];
            assert_eq!(client.wrap(confidential, &message, &mut token).unwrap(), confidential);
            service.unwrap(&token, &mut plain).unwrap();
            assert_eq!(plain, message);
            token.len()
        };
        for length in [0, 1, 15, 16, 17, 1460, 16_384, 65_535 - overhead, 1 << 20] {
            assert_eq!(length_of(length), length + overhead, "{kind} {length} {confidential}");
        }
        for limit in [overhead, overhead + 1, 1500, 65_507, 65_535, 1 << 20] {
            let largest = client.largest_plain(confidential, limit).unwrap();
            assert_eq!(largest, limit - overhead, "{kind} {limit} {confidential}");
        }
        for limit in [0, 1, overhead - 1] {
            assert_eq!(client.largest_plain(confidential, limit).unwrap(), 0, "{limit}");
        }
    }
}
