//! The client's identification: credentials, user ids and METHODs, and their valid combinations.

#[path = "support/mistakes.rs"]
mod mistakes;

use anysocks::blocking::{Socks4Stream, Socks5Stream};
use anysocks::protocol::{Conversation, Method, Negotiated, Scratch, Socks4, Socks5, Step};
use anysocks::{Auth, Credentials, Error, Invalid, Proxy, Stage, UserId};
use mistakes::{credentials, greeting, invalid};
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;

/// A METHOD with this code, and no more.
struct Own;

impl Conversation for Own {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Self::Outcome> {
        Step::Done(Negotiated::nothing())
    }

    fn advance(&mut self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Own {
    fn name(&self) -> &'static str {
        "a METHOD"
    }
}

fn own(code: u8) -> Result<Auth, Error> {
    Auth::method(code, |_| Ok(Box::new(Own)))
}

#[test]
fn credentials_have_255_bytes() {
    for (user, password, why) in [
        (0, 1, Some(Invalid::UserEmpty)),
        (0, 256, Some(Invalid::UserEmpty)),
        (1, 0, None),
        (1, 1, None),
        (255, 255, None),
        (256, 0, Some(Invalid::UserTooLong(256))),
        (1, 256, Some(Invalid::PasswordTooLong(256))),
    ] {
        let (user, password) = (vec![0; user], vec![0; password]);
        let proxy = || Proxy::socks5("h").unwrap();
        let all = [
            Credentials::new(&user, &password).map(drop),
            proxy().password(&user, &password).map(drop),
            proxy().password_only(&user, &password).map(drop),
        ];
        for made in all {
            assert_eq!(made.err().map(|error| invalid(Err::<(), _>(error))), why);
        }
    }
    assert!(Credentials::without_user([0; 255]).unwrap().user().is_empty());
    assert_eq!(invalid(Credentials::without_user([0; 256])), Invalid::PasswordTooLong(256));
    assert_eq!(UserId::new([1; 255]).unwrap().as_bytes(), [1; 255]);
    assert_eq!(UserId::new("").unwrap(), UserId::none());
    assert_eq!(invalid(UserId::new([1; 256])), Invalid::UserIdTooLong(256));
    assert_eq!(invalid(UserId::new("i\0d")), Invalid::UserIdNul);
}

#[test]
fn offers() {
    let password = || Auth::password_only(credentials());
    for (auth, codes) in [
        (Auth::default(), &[0][..]),
        (Auth::none().or(password()).unwrap(), &[0, 2]),
        (password().or(Auth::none()).unwrap(), &[2, 0]),
        (own(0x80).unwrap().or(Auth::password(credentials())).unwrap(), &[0x80, 0, 2]),
        (own(0xFE).unwrap().or(own(3).unwrap()).unwrap(), &[0xFE, 3]),
    ] {
        assert_eq!(greeting(&auth), [&[5, u8::try_from(codes.len()).unwrap()], codes].concat());
    }
    for (one, other, twice) in [
        (Auth::none(), Auth::password(credentials()), 0),
        (Auth::password(credentials()), password(), 2),
        (own(2).unwrap(), password(), 2),
        (own(0x80).unwrap(), own(0x80).unwrap(), 0x80),
    ] {
        assert_eq!(invalid(one.or(other)), Invalid::MethodTwice(twice));
    }
    assert_eq!(invalid(own(0xFF)), Invalid::NotAMethod);
    // A client may offer all that there are.
    let all = (1..=0xFE).try_fold(Auth::none(), |auth, code| auth.or(own(code)?)).unwrap();
    assert_eq!(greeting(&all)[..4], [5, 255, 0, 1]);
}

#[test]
fn what_can_be_pipelined() {
    let password = || Auth::password_only(credentials());
    let alone = |auth: Auth| auth.pipelined(true);
    for auth in [alone(Auth::none()), alone(password()), alone(own(3).unwrap()).pipelined(false)] {
        assert!(Socks5::connect(&auth, "a:1".try_into().unwrap()).is_ok(), "{auth:?}");
    }
    for auth in [
        alone(Auth::password(credentials())),
        alone(own(3).unwrap()),
        alone(Auth::none()).or(own(3).unwrap()).unwrap(),
        Auth::none().or(alone(password())).unwrap(),
    ] {
        assert_eq!(
            invalid(Socks5::connect(&auth, "a:1".try_into().unwrap())),
            Invalid::NotPipelinable,
            "{auth:?}"
        );
    }
}

/// A stream that must not be used.
struct Untouched;

impl Read for Untouched {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("read")
    }
}

impl Write for Untouched {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("write")
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("flush")
    }
}

#[test]
fn mistakes_are_found_before_a_handshake() {
    let auth = Auth::password(credentials()).pipelined(true);
    assert_eq!(invalid(Socks5Stream::handshake(Untouched, &auth, "a:1")), Invalid::NotPipelinable);
    assert_eq!(invalid(Socks5Stream::handshake(Untouched, &Auth::none(), "a")), Invalid::PortMissing);
    assert_eq!(
        invalid(Socks4Stream::handshake(Untouched, &UserId::none(), "[::1]:1")),
        Invalid::Ipv6OverSocks4
    );
}

/// SOCKS4a marks a name with these addresses: a proxy that knows it would wait for the name.
#[test]
fn the_mark_of_socks4a() {
    let none = UserId::none();
    for last in [1, 5, 255] {
        let target = Ipv4Addr::new(0, 0, 0, last);
        assert_eq!(invalid(Socks4::connect(&none, (target, 80).into())), Invalid::MarkOfSocks4a);
    }
    for ip in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(0, 0, 1, 0)] {
        assert!(Socks4::connect(&none, (ip, 80).into()).is_ok());
    }
}
