//! What is asked of the mechanism, and what fails before anything is sent.

use crate::found;
use crate::scene::{Lonely, TARGET, deserted, error, invalid};
use crate::support::case::Case;
use crate::support::methods::gssapi::{Fake, Play};
use crate::ways::everywhere;
use anysocks::gssapi::{Cause, Error as GssError, Flags, Gssapi, Level, Service};
use anysocks::protocol::Command;
use anysocks::{Auth, Error, Invalid, Proxy, Stage};
use std::io;

#[test]
fn the_service() {
    let host_based = |name: &str| Service::HostBased(name.into());
    for (endpoint, service, expected) in [
        ("gw.example:1080", None, Some(host_based("rcmd@gw.example"))),
        ("gw.example.:1080", None, Some(host_based("rcmd@gw.example"))),
        ("gw.example:1080", Some("socks"), Some(host_based("socks@gw.example"))),
        ("gw.example:1080", Some("socks@other"), Some(host_based("socks@other"))),
        ("192.0.2.1:1080", Some("socks@other"), Some(host_based("socks@other"))),
        ("192.0.2.1:1080", Some("rcmd/gw@REALM"), Some(Service::Principal("rcmd/gw@REALM".into()))),
        ("192.0.2.1:1080", None, None),
        ("[2001:db8::1]:1080", Some("socks"), None),
    ] {
        let _case = Case::new(format!("{service:?} at {endpoint}"));
        let fake = Fake { fails: Some(Cause::Other), ..Fake::new(2) };
        let gssapi = || {
            let gssapi = Gssapi::with(fake.clone());
            if let Some(service) = service { gssapi.service(service) } else { gssapi }
        };
        let proxy = || Proxy::socks5(endpoint).expect("a proxy");
        let Some(expected) = expected else {
            assert_eq!(invalid(proxy().gssapi(gssapi())), Invalid::ServiceHost);
            // Also where it was not checked.
            let auth = proxy().auth(Auth::gssapi(gssapi())).expect("SOCKS5");
            everywhere(|way| {
                assert_eq!(invalid((way.new)(auth.clone().into()).connect(TARGET)), Invalid::ServiceHost);
            });
            assert!(fake.seen.lock().expect("no panic").is_empty());
            continue;
        };
        let proxy = proxy().gssapi(gssapi()).expect("a host");
        everywhere(|way| {
            error((way.new)(proxy.clone().into()).connect(TARGET));
            let seen = std::mem::take(&mut *fake.seen.lock().expect("no panic"));
            assert_eq!(seen.iter().map(|(service, _)| service).collect::<Vec<_>>(), [&expected]);
        });
    }
    let socks4 = Proxy::socks4("gw.example").expect("a proxy");
    assert_eq!(invalid(socks4.gssapi(Gssapi::with(Fake::new(2)))), Invalid::MethodOverSocks4);
    let nowhere = Auth::gssapi(Gssapi::with(Fake::new(2)));
    assert_eq!(invalid(nowhere.prepare(Command::Connect)), Invalid::ServiceHost);
}

#[test]
fn the_flags() {
    let always = Flags { mutual: true, replay: true, integrity: true, ..Flags::default() };
    let streams = Flags { sequence: true, ..always };
    for (command, flags) in [
        (Command::Connect, streams),
        (Command::Bind, streams),
        (Command::Resolve, streams),
        (Command::UdpAssociate, always),
    ] {
        for (level, flags) in [
            (None, flags),
            (Some(Level::Integrity), flags),
            (Some(Level::Confidentiality), Flags { confidentiality: true, ..flags }),
        ] {
            for delegation in [false, true] {
                let _case = Case::new(format!("{command}, {level:?}, delegation: {delegation}"));
                let fake = Fake::new(2);
                let gssapi = fake.at(level).delegate(delegation).service("rcmd@gw");
                Auth::gssapi(gssapi).prepare(command).expect("it was prepared");
                let expected = (Service::HostBased("rcmd@gw".into()), Flags { delegation, ..flags });
                assert_eq!(*fake.seen.lock().expect("no panic"), [expected]);
            }
        }
    }
    // A later level replaces the missing protection.
    let fake = Fake::new(2);
    let gssapi = Gssapi::authentication_only(fake.clone()).level(Level::Confidentiality).service("a@b");
    Auth::gssapi(gssapi).prepare(Command::Connect).expect("it was prepared");
    assert!(fake.seen.lock().expect("no panic")[0].1.confidentiality);
}

/// The mechanism's failure ends the call before the proxy is dialled.
#[test]
fn a_mechanism_that_fails() {
    for (cause, kind, text) in [
        (Cause::NoCredentials, io::ErrorKind::PermissionDenied, "get a ticket with kinit"),
        (Cause::Expired, io::ErrorKind::PermissionDenied, "the credentials have expired"),
        (Cause::WrongPassword, io::ErrorKind::PermissionDenied, "the password or the key is wrong"),
        (Cause::UnknownService, io::ErrorKind::NotFound, "the service is unknown"),
        (Cause::Clock, io::ErrorKind::PermissionDenied, "the clocks differ"),
        (Cause::NoKdc, io::ErrorKind::HostUnreachable, "no KDC can be reached"),
        (Cause::NoLibrary, io::ErrorKind::Unsupported, "no GSS-API library"),
        (Cause::Other, io::ErrorKind::Other, "the mechanism failed"),
    ] {
        everywhere(|way| {
            let _case = Case::new(format!("{cause:?} on {}", way.name));
            let (lonely, addr) = Lonely::new();
            let fake = Fake { fails: Some(cause), ..Fake::new(2) };
            let gssapi = Gssapi::with(fake).service("rcmd@gw.example");
            let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.gssapi(gssapi)).expect("a proxy");
            let failed = error((way.new)(proxy.into()).connect(TARGET));
            assert_eq!(failed.stage(), Stage::Preparation);
            let GssError::Mechanism(failure) = found(&failed) else { panic!("{failed:?}") };
            assert_eq!(failure.cause(), cause);
            let shown = format!("{failed:#}");
            assert!(shown.contains(text) && shown.ends_with(": the text of the mechanism"), "{shown}");
            assert_eq!(io::Error::from(failed).kind(), kind);
            lonely.assert_alone();
        });
    }
}

/// A token that no message can carry, no token, and flags that a context of one token is without.
#[test]
fn refused_before_anything_is_sent() {
    let fails = |fake: Fake| -> Error {
        let auth = fake.auth(Some(Level::Confidentiality));
        auth.prepare(Command::Connect).expect_err("nothing to send")
    };
    let failed = fails(Fake { token_len: Some(65_536), ..Fake::new(2) });
    assert_eq!(failed.stage(), Stage::Preparation);
    assert!(matches!(found(&failed), GssError::TokenTooLong(65_536)), "{failed:?}");
    let failed = fails(Fake { is_silent: true, ..Fake::new(2) });
    assert!(matches!(found(&failed), GssError::TokenMissing), "{failed:?}");
    let denied = Flags { mutual: true, ..Flags::default() };
    let failed = fails(Fake { denied, ..Fake::new(1) });
    assert!(matches!(found(&failed), GssError::FlagsMissing(missing) if *missing == denied), "{failed:?}");
}

/// With alternatives, all METHODs are offered in order, and no token is sent before the selection.
#[test]
fn alternatives() {
    let play = Play { has_choice: true, ..Play::new(2, Some(Level::Integrity)) };
    assert_eq!(format!("{:?}", play.auth()), "[X'01', none]");
    let both = play.auth().pipelined(true).prepare(Command::Connect);
    assert_eq!(invalid(both), Invalid::NotPipelinable);
    assert_eq!(invalid(play.auth().or(play.auth())), Invalid::MethodTwice(1));
}

/// Nothing shows what the mechanism is or holds.
#[test]
fn shown() {
    let gssapi = Gssapi::with(Fake::new(2)).service("rcmd/gw@REALM").level(Level::Integrity);
    let shown =
        "Gssapi { service: Principal(\"rcmd/gw@REALM\"), level: Some(Integrity), delegate: false, .. }";
    assert_eq!(format!("{gssapi:?}"), shown);
    let proxy = Proxy::socks5("gw.example").and_then(|proxy| proxy.gssapi(gssapi)).expect("a proxy");
    assert_eq!(proxy.to_string(), "socks5h://gw.example:1080");
    assert!(format!("{proxy:?}").contains("[X'01']"), "{proxy:?}");
    let auth = Fake { token_len: Some(40), ..Fake::new(2) }.auth(None);
    let auth = auth.prepare(Command::Connect).expect("it was prepared");
    assert_eq!(format!("{auth:?}"), "[X'01']");
    let (addr, _socket) = deserted();
    let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth)).expect("a proxy");
    let failed = anysocks::blocking::Socks5Stream::connect(&proxy, TARGET).expect_err("nobody listens");
    assert!(!format!("{failed:?} {failed:#}").contains("C1"), "{failed:?}");
}
