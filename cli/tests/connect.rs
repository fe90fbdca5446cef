//! `anysocks connect`: the bytes, the end of each direction, and where the proxy comes from.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use support::{
    PASSWORD, Running, Scripted, USER, anysocks, dead, expect, grant, grant_with_password, request, rest,
    run, run_with,
};

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
    let mut heard = String::new();
    stdout.read_to_string(&mut heard).expect("the end of the output");
    assert_eq!(heard, "banner");
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
    let mut heard = String::new();
    far.read_to_string(&mut heard).expect("the end of the output");
    assert_eq!(heard, "banner");
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
    let mut heard = Vec::new();
    program.0.stdout.take().expect("a pipe").read_to_end(&mut heard).expect("the end");
    assert!(heard == payload, "{} bytes", heard.len());
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
    command.stdin(fs::File::open("/").expect("a directory"));
    let ended: support::Ended = command.output().expect("an end").into();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("anysocks: reading the standard input failed: "), "{ended:?}");
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
        to_test.send(()).expect("a test that waits");
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
    let mut heard = Vec::new();
    from_output.read_to_end(&mut heard).expect("the end");
    assert_eq!(&heard[filled..], b"banner");
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

/// The standard input is open and idle when the reset arrives.
#[cfg(unix)]
#[test]
fn a_reset_after_the_target_s_end() {
    use std::sync::mpsc::channel;
    let (to_proxy, from_test) = channel();
    let proxy = Scripted::start(move |mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.peek(&mut [0]).expect("the client's first byte");
        client.shutdown(std::net::Shutdown::Write).expect("an open direction");
        from_test.recv().expect("a test");
        // The byte that is not read turns the end into a reset.
    });
    let mut program = Running::start(&mut anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]));
    let mut stdin = program.0.stdin.take().expect("a pipe");
    stdin.write_all(b"hello").expect("an open pipe");
    let mut stdout = program.0.stdout.take().expect("a pipe");
    stdout.read_to_end(&mut Vec::new()).expect("the end of the output");
    assert_eq!(program.0.try_wait().expect("a status"), None);
    to_proxy.send(()).expect("a proxy");
    proxy.join();
    assert_eq!(program.0.wait().expect("an end").code(), Some(1));
    let printed = rest(program.0.stderr.as_mut().expect("a pipe"));
    assert!(printed.starts_with(b"anysocks: receiving failed: "), "{}", String::from_utf8_lossy(&printed));
    drop(stdin);
}

/// At a terminal, the input is open until a person ends it.
#[cfg(target_os = "linux")]
#[test]
fn the_target_ends_at_a_terminal() {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal");
    let name = ptsname(&terminal, Vec::new()).expect("a name");
    let input = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("a terminal");
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"banner").expect("an open direction");
        client.shutdown(std::net::Shutdown::Write).expect("an open direction");
        rest(&mut client)
    });
    let mut command = anysocks(&["connect", "-x", &proxy.url(), "example.com:80"]);
    let ended: support::Ended = command.stdin(input).output().expect("an end").into();
    assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (Some(0), "banner", ""));
    assert_eq!(proxy.join(), b"");
    drop(terminal);
}

/// The proxy that the first one connects to.
const SECOND: &str = "socks5h://192.0.2.2:1080";

#[test]
fn chains() {
    let play = || {
        Scripted::start(|mut client| {
            grant(&mut client, &[5, 1, 0, 1, 192, 0, 2, 2, 4, 56]);
            grant(&mut client, &request(1, "example.com", 80));
            assert_eq!(rest(&mut client), b"");
        })
    };
    let proxy = play();
    let ended = run(&["connect", "-x", &proxy.url(), "-x", SECOND, "example.com:80"]);
    assert_eq!((ended.status, &*ended.stderr), (Some(0), ""));
    proxy.join();
    let proxy = play();
    let list = format!("{},{SECOND}", proxy.url());
    assert_eq!(run(&["connect", "--proxy", &list, "example.com", "80"]).status, Some(0));
    proxy.join();
    let proxy = play();
    let file = File::new("chain", &format!("\u{FEFF}# two\n\n{}\n  {SECOND}\n", proxy.url()));
    assert_eq!(run(&["connect", "--proxy-file", &file.0, "example.com:80"]).status, Some(0));
    proxy.join();
    // Without schemes.
    let proxy = play();
    let list = format!("{},192.0.2.2:1080", proxy.addr);
    assert_eq!(run(&["connect", "-x", &list, "example.com:80"]).status, Some(0));
    proxy.join();
}

/// An error names the line, and not the password in it.
#[test]
fn mistakes_in_a_file() {
    for (text, expected) in [
        (
            format!("# one\r\n\r\nsocks5h://{USER}:{PASSWORD}@h:port\r\n"),
            ", line 3: the port is not a number",
        ),
        (format!("socks5h://h:1080\nhttp://{USER}:{PASSWORD}@h:1"), ", line 2: "),
        (format!("socks5h://h:1080\nsocks5h+tls://{USER}:{PASSWORD}@h:1"), ", line 2: "),
        ("# none\n".to_owned(), ": no proxy in it"),
    ] {
        let file = File::new("mistakes", &text);
        let ended = run(&["connect", "--proxy-file", &file.0, "example.com:80"]);
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(
            ended.stderr.starts_with(&format!("anysocks: --proxy-file {}{expected}", file.0)),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains(PASSWORD), "{ended:?}");
    }
}

/// A file for the program, removed at the end.
struct File(String);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("anysocks-cli-{}-{name}", std::process::id()));
        fs::write(&path, text).expect("a file");
        Self(path.to_str().expect("UTF-8").to_owned())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The password is sent, and is in no output.
#[test]
fn a_password_from_a_file_and_from_the_environment() {
    for granted in [true, false] {
        for from_file in [true, false] {
            let proxy = Scripted::start(move |mut client| {
                if granted {
                    grant_with_password(&mut client, &request(1, "example.com", 80));
                    return;
                }
                expect(&mut client, &[5, 2, 0, 2]);
                client.write_all(&[5, 2]).expect("a client that listens");
                expect(&mut client, &[&[1, 4][..], USER.as_bytes(), &[10], PASSWORD.as_bytes()].concat());
                client.write_all(&[1, 1]).expect("a client that listens");
            });
            let url = format!("socks5h://{USER}:{PASSWORD}@{}", proxy.addr);
            let file = File::new(&format!("password-{granted}"), &url);
            let ended = if from_file {
                run(&["connect", "--proxy-file", &file.0, "example.com:80"])
            } else {
                run_with(anysocks(&["connect", "example.com:80"]).env("ALL_PROXY", &url), b"")
            };
            assert_eq!(ended.status, Some(if granted { 0 } else { 4 }), "{ended:?}");
            assert!(!ended.stderr.contains(PASSWORD) && !ended.stdout.contains(PASSWORD), "{ended:?}");
            proxy.join();
        }
    }
}

/// Without a proxy, and for exceptions, the connection is direct.
#[test]
fn direct_connections() {
    for exceptions in [None, Some("127.0.0.0/8")] {
        let target = Scripted::start(|mut client| {
            assert_eq!(rest(&mut client), b"hello");
            client.write_all(b"goodbye").expect("an open direction");
        });
        let mut command = anysocks(&["connect", &target.addr.to_string()]);
        if let Some(exceptions) = exceptions {
            command.env("all_proxy", "socks5h://192.0.2.1:1080").env("no_proxy", exceptions);
        }
        let ended = run_with(&mut command, b"hello");
        assert_eq!((ended.status, &*ended.stdout), (Some(0), "goodbye"), "{ended:?}");
        target.join();
    }
}

#[cfg(unix)]
#[test]
fn a_proxy_at_a_unix_domain_socket() {
    use std::os::unix::net::UnixListener;
    let path = std::env::temp_dir().join(format!("anysocks-cli-{}-socket", std::process::id()));
    let listener = UnixListener::bind(&path).expect("a socket");
    let serving = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"word").expect("an open direction");
    });
    let url = format!("socks5h+unix://{}", path.display());
    let ended = run(&["connect", "-x", &url, "example.com:80"]);
    fs::remove_file(&path).expect("a socket");
    assert_eq!((ended.status, &*ended.stdout), (Some(0), "word"), "{ended:?}");
    serving.join().expect("no panic");
}

/// What a proxy answers, message by message, and the exit status.
type Row = (&'static [&'static [u8]], i32);

/// The statuses that `--help` lists, beside 0 and 1.
#[test]
fn exit_statuses() {
    let mistakes: &[&[&str]] = &[
        &["connect"],
        &["frob"],
        &["connect", "example.com"],
        &["connect", "-x", "http://127.0.0.1:1", "example.com:80"],
        &["connect", "-x", dead(), "--ca", "/nonexistent", "example.com:80"],
        &["connect", "-x", dead(), "--server-name", "example.com", "example.com:80"],
        &["connect", "-x", "socks5h+tls://127.0.0.1:1", "--ca", "/nonexistent", "example.com:80"],
        &["connect", "--proxy-file", "/nonexistent", "example.com:80"],
        &["connect", "--timeout", "0", "example.com:80"],
        &["listen"],
        &["udp", "127.0.0.1:53"],
        &["probe", "socks5h://127.0.0.1:1,socks5h://127.0.0.1:2"],
        &["forward", "--no-password", "--listen", "192.0.2.1:0", dead()],
        &["forward", "--insecure"],
        &["connect", "--insecure", "example.com:80"],
        &["man", "frob"],
    ];
    for arguments in mistakes {
        let ended = run(arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
    let ended = run(&["connect", "-x", dead(), "example.com:80"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("connection refused") || ended.stderr.contains("Connection refused"));
    let used = TcpListener::bind("127.0.0.1:0").expect("a port");
    let used = used.local_addr().expect("an address").to_string();
    for arguments in [
        &["forward", "--listen", &used, dead()][..],
        &["udp", "-x", dead(), "--listen", "192.0.2.1:0", "192.0.2.1:53"],
    ] {
        let ended = run(arguments);
        assert_eq!(ended.status, Some(1), "{arguments:?}: {ended:?}");
        let listen = arguments.iter().skip_while(|argument| **argument != "--listen").nth(1);
        assert!(ended.stderr.contains(&format!("--listen {}: ", listen.expect("an address"))), "{ended:?}");
    }
    let rows: [Row; 5] = [
        (&[&[5, 0xFF]], 4),
        (&[&[5, 0], &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], 5),
        (&[b"HTTP/1.1 400"], 7),
        (&[&[5, 0], &[5]], 7),
        (&[], 7),
    ];
    for (answers, status) in rows {
        let proxy = Scripted::start(move |mut client| {
            for answer in answers {
                assert_ne!(client.read(&mut [0; 64]).expect("a message"), 0);
                client.write_all(answer).expect("a client that listens");
            }
        });
        let ended = run(&["connect", "-x", &proxy.url(), "example.com:80"]);
        assert_eq!(ended.status, Some(status), "{answers:?}: {ended:?}");
        proxy.join();
    }
    let silent = Scripted::start(|mut client| drop(rest(&mut client)));
    let ended = run(&["connect", "--timeout", "0.5", "-x", &silent.url(), "example.com:80"]);
    assert_eq!(ended.status, Some(6), "{ended:?}");
    silent.join();
}

/// clap quotes the arguments that it does not expect.
#[test]
fn a_misplaced_url() {
    let url = format!("socks5h://{USER}:{PASSWORD}@127.0.0.1:1");
    for arguments in [
        &["connect", "example.com", "80", &*url][..],
        &["frob", &url],
        &[&*url],
        &["connect", &url],
        &["connect", "-x", &url, "-x", "frob://h", "example.com:80"],
        &["udp", &url],
        &["probe", "--target", &url, dead()],
        &["resolve", "-x", dead(), &url],
        &["man", &url],
        &["completions", &url],
    ] {
        assert_no_password(arguments);
    }
    let options: [(&str, &[&str]); 7] = [
        ("connect", &["proxy", "proxy-file", "timeout", "server-name", "insecure", "ca"]),
        (
            "forward",
            &["listen", "no-password", "json", "proxy-file", "timeout", "server-name", "insecure", "ca"],
        ),
        ("probe", &["target", "json", "timeout", "server-name", "insecure"]),
        ("resolve", &["json", "timeout"]),
        ("listen", &["peer", "json"]),
        ("udp", &["listen", "json"]),
        ("man", &["frob"]),
    ];
    for (command, options) in options {
        for option in options {
            for url in [&*url, &url["socks5h://".len()..]] {
                // The unknown scheme fails `forward` and `probe` before they connect.
                let rest = if command == "forward" || command == "probe" { "frob://h" } else { "h" };
                assert_no_password(&[command, &format!("--{option}={url}"), rest]);
            }
        }
    }
}

fn assert_no_password(arguments: &[&str]) {
    let ended = run(arguments);
    assert_ne!(ended.status, Some(0), "{arguments:?}");
    assert!(!ended.stderr.contains(PASSWORD), "{arguments:?}: {ended:?}");
}
