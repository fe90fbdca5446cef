//! `anysocks connect` at a terminal, whose input does not end with the connection.

#![cfg(target_os = "linux")]

mod support;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::channel;
use support::{Ended, Running, Scripted, anysocks, grant, request, rest};

/// Returns a new terminal: the side of its user, and that of a program. It passes bytes on
/// unchanged.
fn terminal() -> (File, File) {
    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&user).and_then(|()| unlockpt(&user)).expect("a terminal");
    let name = ptsname(&user, Vec::new()).expect("a name");
    let program = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("a terminal");
    let mut modes = tcgetattr(&program).expect("a terminal");
    modes.make_raw();
    tcsetattr(&program, OptionalActions::Now, &modes).expect("a terminal");
    (user.into(), program.into())
}

/// The input is open until a person ends it.
#[test]
fn the_target_ends() {
    let (user, input) = terminal();
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"banner").expect("an open direction");
        client.shutdown(Shutdown::Write).expect("an open direction");
        rest(&mut client)
    });
    let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
    let ended: Ended = command.stdin(input).output().expect("an end").into();
    assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (Some(0), "banner", ""));
    assert_eq!(proxy.join(), b"");
    drop(user);
}

/// Writes until the terminal has accepted nothing for two seconds, because the program waits for
/// the proxy. Returns what it has accepted.
fn fill(user: &mut File) -> Vec<u8> {
    let flags = fcntl_getfl(&*user).expect("a terminal");
    fcntl_setfl(&*user, flags | OFlags::NONBLOCK).expect("a terminal");
    // More than the buffers of a connection hold. No part of it is equal to another.
    let payload: Vec<_> = (0..4_u32 << 20).flat_map(u32::to_be_bytes).collect();
    let (mut written, limit) = (0, Timespec { tv_sec: 2, tv_nsec: 0 });
    while poll(&mut [PollFd::new(&*user, PollFlags::OUT)], Some(&limit)).expect("a terminal") > 0 {
        match user.write(&payload[written..]) {
            Ok(0) => panic!("the program has read {written} bytes"),
            Ok(n) => written += n,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    payload[..written].to_vec()
}

/// The target ends its direction while the program sends what it has read. All of that arrives, or
/// the program fails. What it has not read is still in the terminal.
#[test]
fn the_target_ends_before_it_has_read_the_input() {
    for reads in [true, false] {
        let ((mut user, mut input), (to_proxy, from_test)) = (terminal(), channel());
        let proxy = Scripted::start(move |mut client| {
            // The program is soon unable to send more.
            set_socket_recv_buffer_size(&client, 256 << 10).expect("a socket");
            grant(&mut client, &request(1, "example.com", 80));
            from_test.recv().expect("a test");
            client.shutdown(Shutdown::Write).expect("an open direction");
            from_test.recv().expect("a test");
            // Without this, the bytes that are not read turn the end into a reset.
            if reads { rest(&mut client) } else { Vec::new() }
        });
        let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
        command.stdin(input.try_clone().expect("a terminal"));
        let mut program = Running::start(&mut command);
        let written = fill(&mut user);
        to_proxy.send(()).expect("a proxy");
        let mut stdout = program.0.stdout.take().expect("a pipe");
        stdout.read_to_end(&mut Vec::new()).expect("the end of the output");
        to_proxy.send(()).expect("a proxy");
        let received = proxy.join();
        let status = program.0.wait().expect("an end").code();
        let printed = rest(program.0.stderr.as_mut().expect("a pipe"));
        let printed = String::from_utf8_lossy(&printed);
        if !reads {
            assert_eq!(status, Some(1), "{printed}");
            assert!(printed.contains("ing failed: "), "{printed}");
            continue;
        }
        assert_eq!((status, &*printed), (Some(0), ""));
        let len = received.len();
        let mut next = vec![0; 1024.min(written.len() - len)];
        input.read_exact(&mut next).expect("what the program has not read");
        assert!(received == written[..len], "{len} of {} bytes", written.len());
        assert!(next == written[len..][..next.len()], "{len} of {} bytes", written.len());
    }
}
