//! What the tests of arguments have in common.
#![allow(dead_code, reason = "not every test needs all of it")]

use anysocks::protocol::{Conversation, Scratch, Socks5, Step};
use anysocks::{Auth, Credentials, Error, ErrorKind, Invalid};

/// The mistake that was found.
pub(crate) fn invalid<T>(result: Result<T, Error>) -> Invalid {
    match result.map(|_| "no error").unwrap_err().kind() {
        ErrorKind::Invalid(invalid) => invalid.clone(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("user", "pw").unwrap()
}

/// The first message of a client with this offer.
pub(crate) fn greeting(auth: &Auth) -> Vec<u8> {
    let mut talk = Socks5::connect(auth, "a:1".try_into().unwrap()).unwrap();
    match talk.step(&mut Scratch::new()) {
        Step::Write(bytes) => bytes.to_vec(),
        step => panic!("{step:?}"),
    }
}
