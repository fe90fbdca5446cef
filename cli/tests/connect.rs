//! `anysocks connect`: the bytes, and the end of each direction.

mod support;

use std::io::{Read, Write};
use support::{Running, Scripted, anysocks, grant, request, rest, run_with};

/// The target is still read from after the end of the standard input.
#[test]
fn the_input_ends_first() {
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        assert_eq!(rest(&mut client), b"hello");
        client.write_all(b"goodbye").expect("an open direction");
    });
    let url = proxy.url();
    let ended = run_with(&mut anysocks(&["connect", "-x", &url, "example.com:80"]), b"hello");
    assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (Some(0), "goodbye", ""));
    proxy.join();
}

/// The standard output ends, and the target still gets the standard input.
#[cfg(unix)]
#[test]
fn the_target_ends_first() {
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"banner").expect("an open direction");
        client.shutdown(std::net::Shutdown::Write).expect("an open direction");
        assert_eq!(rest(&mut client), b"hello");
    });
    let mut program = Running::start(&mut anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]));
    let mut stdin = program.0.stdin.take().expect("a pipe");
    let mut stdout = program.0.stdout.take().expect("a pipe");
    let mut received = String::new();
    stdout.read_to_string(&mut received).expect("the end of the output");
    assert_eq!(received, "banner");
    stdin.write_all(b"hello").expect("an open pipe");
    drop(stdin);
    proxy.join();
    assert_eq!(program.0.wait().expect("an end").code(), Some(0));
}

/// The input and the output are one socket, as socat's `EXEC` has it.
#[cfg(unix)]
#[test]
fn one_socket_for_both() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"banner").expect("an open direction");
        client.shutdown(std::net::Shutdown::Write).expect("an open direction");
        assert_eq!(rest(&mut client), b"hello");
    });
    let (near, mut far) = UnixStream::pair().expect("two sockets");
    let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
    command.stdin(OwnedFd::from(near.try_clone().expect("a socket"))).stdout(OwnedFd::from(near));
    let mut program = Running::start(&mut command);
    // It holds the other socket, too.
    drop(command);
    let mut received = String::new();
    far.read_to_string(&mut received).expect("the end of the output");
    assert_eq!(received, "banner");
    far.write_all(b"hello").expect("an open socket");
    far.shutdown(std::net::Shutdown::Write).expect("an open socket");
    proxy.join();
    assert_eq!(program.0.wait().expect("an end").code(), Some(0));
}

/// Much more than all buffers hold goes both ways.
#[test]
fn a_megabyte_each_way() {
    let payload: Vec<u8> = (0..1_000_000_u32).map(|at| (at ^ (at >> 8)).to_le_bytes()[0]).collect();
    let expected = payload.clone();
    let proxy = Scripted::start(move |mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        let mut other = client.try_clone().expect("a socket");
        let sent = expected.clone();
        let writing = std::thread::spawn(move || other.write_all(&sent).expect("an open direction"));
        assert!(rest(&mut client) == expected);
        writing.join().expect("no panic");
    });
    let mut program = Running::start(&mut anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]));
    let mut stdin = program.0.stdin.take().expect("a pipe");
    let sent = payload.clone();
    let writing = std::thread::spawn(move || stdin.write_all(&sent).expect("an open pipe"));
    let mut received = Vec::new();
    program.0.stdout.take().expect("a pipe").read_to_end(&mut received).expect("the end");
    assert!(received == payload, "{} bytes", received.len());
    writing.join().expect("no panic");
    proxy.join();
}

/// The connection stays open, and the program ends in spite of that.
#[cfg(unix)]
#[test]
fn an_input_that_can_not_be_read() {
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        assert_eq!(rest(&mut client), b"");
    });
    let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
    command.stdin(std::fs::File::open("/").expect("a directory"));
    let ended: support::Ended = command.output().expect("an end").into();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("anysocks: reading the standard input failed: "), "{ended:?}");
    proxy.join();
}

/// The reader of the output, such as `head`, ends first.
#[cfg(unix)]
#[test]
fn a_closed_output() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"banner").expect("an open direction");
        // It has an end or a reset.
        let _ = client.read(&mut [0]);
    });
    let (reader, writer) = UnixStream::pair().expect("two sockets");
    drop(reader);
    let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
    let mut program = Running::start(command.stdout(OwnedFd::from(writer)));
    drop(command);
    assert_eq!(program.0.wait().expect("an end").code(), Some(1));
    assert_eq!(rest(program.0.stderr.as_mut().expect("a pipe")), b"");
    proxy.join();
}

/// Another process may have made the descriptors of the program non-blocking.
#[cfg(unix)]
#[test]
fn non_blocking_input_and_output() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::channel;
    let (to_test, from_proxy) = channel();
    let proxy = Scripted::start(move |mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"banner").expect("an open direction");
        to_test.send(()).expect("a receiver");
        assert_eq!(rest(&mut client), b"hello");
    });
    let (input, mut to_input) = UnixStream::pair().expect("two sockets");
    let (mut from_output, mut output) = UnixStream::pair().expect("two sockets");
    for socket in [&input, &output] {
        socket.set_nonblocking(true).expect("a socket");
    }
    let mut filled = 0;
    while let Ok(n) = output.write(&[0; 4096]) {
        filled += n;
    }
    let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
    let mut program = Running::start(command.stdin(OwnedFd::from(input)).stdout(OwnedFd::from(output)));
    drop(command);
    from_proxy.recv().expect("a proxy");
    to_input.write_all(b"hello").expect("an open socket");
    drop(to_input);
    proxy.join();
    let mut received = Vec::new();
    from_output.read_to_end(&mut received).expect("the end");
    assert_eq!(&received[filled..], b"banner");
    assert_eq!(program.0.wait().expect("an end").code(), Some(0));
}

#[test]
fn a_reset_is_a_failure() {
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        // What is not read makes a reset of the end.
        client.peek(&mut [0]).expect("the client's first byte");
    });
    let url = proxy.url();
    let ended = run_with(&mut anysocks(&["connect", "-x", &url, "example.com:80"]), b"hello");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("anysocks: receiving failed: "), "{ended:?}");
    proxy.join();
}

#[cfg(unix)]
#[test]
fn a_reset_after_the_target_s_end() {
    use std::sync::mpsc::channel;
    use support::assert_ends_with_a_reset;
    let (to_proxy, from_test) = channel();
    let proxy = Scripted::start(move |mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.peek(&mut [0]).expect("the client's first byte");
        client.shutdown(std::net::Shutdown::Write).expect("an open direction");
        from_test.recv().expect("a test");
        // The byte that is not read turns the end into a reset.
    });
    assert_ends_with_a_reset(&mut anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]), || {
        to_proxy.send(()).expect("a proxy");
        proxy.join();
    });
}
