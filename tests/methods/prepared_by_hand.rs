//! Preparations where there is no runtime: the caller makes them before the handshake.

use crate::scene::invalid;
use crate::support::blocked::{Executor, Patient};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::preparing::{Gate, failing, slow};
use crate::support::methods::short;
use crate::support::script::{Line, Manner, Script, client, proxy};
use anysocks::futures::{Socks5Listener, Socks5Stream};
use anysocks::protocol::{Command, Socks5};
use anysocks::{AnyVersion, Auth, Error, Invalid, Proxy, Stage, V5, Version};
use std::io;

const CODE: u8 = 0xC0;
const TARGET: &str = "a.b:80";

fn lines(command: u8) -> Vec<Line> {
    let request = [&[5, command], &b"\x00\x03\x03a.b\x00\x50"[..]].concat();
    let reply = proxy(Stage::Request, *b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39");
    [short::lines(CODE), vec![client(request), reply]].concat()
}

fn script(command: u8) -> Script {
    Script::new(&lines(command), b"", Manner::default())
}

fn connect(stream: Script, auth: &Auth) -> Result<(), Error> {
    Patient::run(Socks5Stream::handshake(stream, auth, TARGET)).map(drop)
}

fn bind(stream: Script, auth: &Auth) -> Result<(), Error> {
    Patient::run(Socks5Listener::handshake(stream, auth, TARGET)).map(drop)
}

fn unprepared(gate: &Gate) -> Auth {
    Auth::none().or(slow(CODE, gate)).expect("two METHODs")
}

/// It is not made on the executor's thread, and not left out in silence.
#[test]
fn left_out() {
    let gate = Gate::default();
    for auth in [slow(CODE, &gate), unprepared(&gate)] {
        for handshake in [connect, bind] {
            let stream = script(1);
            assert_eq!(invalid(handshake(stream.clone(), &auth)), Invalid::MethodNotPrepared(CODE));
            assert_eq!(stream.state().accepted(), 0);
        }
        let target = TARGET.try_into().expect("a target");
        assert_eq!(invalid(Socks5::connect(&auth, target)), Invalid::MethodNotPrepared(CODE));
        let target = TARGET.try_into().expect("a target");
        assert_eq!(invalid(V5::connect(&auth, target)), Invalid::MethodNotPrepared(CODE));
        let protocol = Proxy::socks5("a.b").and_then(|proxy| proxy.auth(auth.clone())).expect("a proxy");
        let peer = TARGET.try_into().expect("a peer");
        assert_eq!(invalid(AnyVersion::bind(protocol.protocol(), peer)), Invalid::MethodNotPrepared(CODE));
        let peer = TARGET.try_into().expect("a peer");
        assert_eq!(invalid(Socks5::bind(&auth, peer)), Invalid::MethodNotPrepared(CODE));
        assert_eq!(
            invalid(Socks5::associate(&auth, TARGET.try_into().expect("a source"))),
            Invalid::MethodNotPrepared(CODE)
        );
        let name = "a.b".try_into().expect("a name");
        assert_eq!(invalid(Socks5::resolve(&auth, name)), Invalid::MethodNotPrepared(CODE));
    }
    assert_eq!(gate.progress().began, 0);
}

#[test]
fn made_first() {
    let gate = Gate::default();
    gate.open();
    let prepared = |command| slow(CODE, &gate).prepare(command).expect("it was prepared");
    connect(script(1), &prepared(Command::Connect)).expect("a tunnel");
    bind(script(2), &prepared(Command::Bind)).expect("a port");
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let dialogue = Dialogue::v5(prepared(Command::Connect), TARGET);
        (driver.converse)(&mut script(1), &mut dialogue.talk()).expect("a tunnel");
        let dialogue = Dialogue::v5(prepared(Command::Connect), TARGET);
        assert!((driver.handshake)(script(1), &dialogue).is_ok());
    }
    assert_eq!(gate.progress().ended, gate.progress().began);
}

/// What was prepared is for one connection. A second one is refused before it sends anything.
#[test]
fn used_twice() {
    let gate = Gate::default();
    gate.open();
    for handshake in [connect, bind] {
        let auth = slow(CODE, &gate).prepare(Command::Connect).expect("it was prepared");
        connect(script(1), &auth).expect("a tunnel");
        let stream = script(1);
        for auth in [&auth, &auth.clone()] {
            assert_eq!(invalid(handshake(stream.clone(), auth)), Invalid::MethodUsed(CODE));
        }
        assert_eq!(invalid(auth.prepare(Command::Connect)), Invalid::MethodUsed(CODE));
        let target = TARGET.try_into().expect("a target");
        assert_eq!(invalid(Socks5::connect(&auth, target)), Invalid::MethodUsed(CODE));
        for driver in DRIVERS {
            let _case = Case::new(driver.name);
            let failed = (driver.handshake)(stream.clone(), &Dialogue::v5(auth.clone(), TARGET));
            assert_eq!(invalid(failed), Invalid::MethodUsed(CODE));
        }
        assert_eq!(stream.state().accepted(), 0);
    }
}

#[test]
fn one_that_fails() {
    let gate = Gate::default();
    gate.open();
    let auth = slow(CODE, &gate).or(failing(CODE + 1, io::ErrorKind::NotFound)).expect("two METHODs");
    let failed = auth.prepare(Command::Connect).expect_err("no ticket");
    assert_eq!(failed.stage(), Stage::Preparation);
    assert_eq!(io::Error::from(failed).kind(), io::ErrorKind::NotFound);
}
