//! The end of `anysocks forward` by a signal.

#![cfg(unix)]

mod support;

use anysocks::blocking::Socks5Stream;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, Read, Write};
use support::{Running, Scripted, anysocks, grant, request};

/// Where the program finds its proxy.
#[derive(Clone, Copy, Debug)]
enum Place {
    Argument,
    Environment,
    Nowhere,
}

/// Neither the client nor the target may take a part of the data for the whole.
#[test]
fn connections_are_reset() {
    // Elsewhere, SIGHUP has no handler: the program can't know whether it was started by `nohup`.
    let hangup = if cfg!(target_os = "linux") { (Signal::HUP, 129) } else { (Signal::TERM, 143) };
    let rows = [
        (Place::Argument, Signal::TERM, 143),
        (Place::Environment, Signal::INT, 130),
        (Place::Nowhere, hangup.0, hangup.1),
    ];
    for (place, signal, status) in rows {
        let proxy = Scripted::start(move |mut client| {
            if !matches!(place, Place::Nowhere) {
                grant(&mut client, &request(1, "example.com", 80));
            }
            client.write_all(b"part").expect("an open direction");
            client.read(&mut [0]).map_err(|error| error.kind())
        });
        let (url, target) = (proxy.url(), proxy.addr.to_string());
        let mut command = match place {
            Place::Argument => anysocks(&["forward", &url]),
            _ => anysocks(&["forward"]),
        };
        if matches!(place, Place::Environment) {
            command.env("ALL_PROXY", &url);
        }
        let mut program = Running::start(&mut command);
        let local = program.line();
        let target = if matches!(place, Place::Nowhere) { &*target } else { "example.com:80" };
        let mut stream = Socks5Stream::connect(&local, target).expect("a tunnel");
        let mut part = [0; 4];
        stream.read_exact(&mut part).expect("the first part");
        send(&program, signal);
        let read = stream.read(&mut part).map_err(|error| error.kind());
        assert_eq!(read, Err(io::ErrorKind::ConnectionReset), "{place:?}");
        assert_eq!(proxy.join(), Err(io::ErrorKind::ConnectionReset), "{place:?}");
        assert_eq!(program.0.wait().expect("an end").code(), Some(status), "{place:?}");
    }
}

/// `nohup` starts a program that ignores SIGHUP.
#[cfg(target_os = "linux")]
#[test]
fn an_ignored_signal_stays_ignored() {
    use std::process::{Command, Stdio};
    use support::child::OF_PROXIES;
    use support::dead;
    let direct = anysocks(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" forward \"$1\""]).arg(direct.get_program()).arg(dead());
    for variable in OF_PROXIES {
        command.env_remove(variable);
    }
    let mut program = Running::start(command.stdout(Stdio::piped()));
    program.line();
    send(&program, Signal::HUP);
    send(&program, Signal::TERM);
    assert_eq!(program.0.wait().expect("an end").code(), Some(143));
}

fn send(program: &Running, signal: Signal) {
    kill_process(Pid::from_child(&program.0), signal).expect("a process");
}
