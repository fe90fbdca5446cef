//! The commands other than `connect`.

mod support;

use anysocks::blocking::Socks5Stream;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use support::{
    BOUND, PASSWORD, Running, Scripted, USER, anysocks, dead, expect, grant, grant_with_password,
    is_left_out_without_ipv6, line, request, rest, run,
};

#[test]
fn resolve() {
    type Row = (&'static str, Vec<u8>, &'static [u8], &'static str, Value);
    let by_ipv6 = [&[5, 0xF1, 0, 4, 0x20, 1, 0x0D, 0xB8][..], &[0; 11], &[1, 0, 0]].concat();
    let name = json!({ "name": "example.org", "address": "2001:db8::1" });
    let by_ipv6 = |text| {
        (text, by_ipv6.clone(), &b"\x05\0\0\x03\x0Bexample.org\0\0"[..], "example.org\n", name.clone())
    };
    let rows: [Row; 5] = [
        (
            "example.com",
            request(0xF0, "example.com", 0),
            &[5, 0, 0, 1, 192, 0, 2, 9, 0, 0],
            "192.0.2.9\n",
            json!({ "name": "example.com", "address": "192.0.2.9" }),
        ),
        (
            "192.0.2.9",
            vec![5, 0xF1, 0, 1, 192, 0, 2, 9, 0, 0],
            b"\x05\0\0\x03\x0Bexample.org\0\0",
            "example.org\n",
            json!({ "name": "example.org", "address": "192.0.2.9" }),
        ),
        by_ipv6("2001:db8::1"),
        by_ipv6("2001:DB8:0::0001"),
        by_ipv6("[2001:db8::1]"),
    ];
    for (name, request, reply, text, value) in rows {
        for json in [false, true] {
            let request = request.clone();
            let proxy = Scripted::start(move |mut client| {
                expect(&mut client, &[5, 1, 0]);
                client.write_all(&[5, 0]).expect("an open connection");
                expect(&mut client, &request);
                client.write_all(reply).expect("an open connection");
            });
            let options = if json { &["--json"][..] } else { &[] };
            let ended = run(&[&["resolve", "-x", &proxy.url()], options, &[name]].concat());
            assert_eq!((ended.status, &*ended.stderr), (Some(0), ""));
            if json {
                assert_eq!(ended.stdout.parse::<Value>().expect("JSON"), value);
            } else {
                assert_eq!(ended.stdout, text);
            }
            proxy.join();
        }
    }
    // Without a proxy, this machine resolves.
    let ended = run(&["resolve", "localhost"]);
    assert!(ended.stdout == "127.0.0.1\n" || ended.stdout == "::1\n", "{ended:?}");
}

#[test]
fn listen() {
    for json in [false, true] {
        let proxy = Scripted::start(|mut client| {
            grant(&mut client, &[5, 2, 0, 1, 198, 51, 100, 7, 0, 21]);
            client.write_all(&[5, 0, 0, 1, 198, 51, 100, 7, 0, 20]).expect("an open connection");
            client.write_all(b"from the peer").expect("an open connection");
            assert_eq!(rest(&mut client), b"to the peer");
        });
        let url = proxy.url();
        let options = if json { &["--json"][..] } else { &[] };
        let arguments = [&["listen", "-x", &url, "--peer", "198.51.100.7:21"], options].concat();
        let mut program = Running::start(&mut anysocks(&arguments));
        let mut stderr = program.0.stderr.take().expect("a pipe");
        let lines = [line(&mut stderr), line(&mut stderr)];
        if json {
            let values = lines.map(|line| line.parse::<Value>().expect("JSON"));
            assert_eq!(values, [json!({ "bound": BOUND }), json!({ "peer": "198.51.100.7:20" })]);
        } else {
            assert_eq!(lines, [&*format!("listening at {BOUND}"), "connection from 198.51.100.7:20"]);
        }
        let mut stdin = program.0.stdin.take().expect("a pipe");
        stdin.write_all(b"to the peer").expect("an open pipe");
        drop(stdin);
        let mut received = String::new();
        let mut stdout = program.0.stdout.take().expect("a pipe");
        stdout.read_to_string(&mut received).expect("the end of the output");
        assert_eq!(received, "from the peer");
        proxy.join();
        assert_eq!(program.0.wait().expect("an end").code(), Some(0));
    }
}

/// The proxy never reports a peer.
#[test]
fn a_listener_times_out() {
    let proxy = Scripted::start(|mut client| {
        grant(&mut client, &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
        rest(&mut client)
    });
    let ended = run(&["listen", "--timeout", "0.5", "-x", &proxy.url()]);
    assert_eq!(ended.status, Some(6), "{ended:?}");
    assert!(ended.stderr.starts_with(&format!("listening at {BOUND}\nanysocks: ")), "{ended:?}");
    assert!(ended.stderr.contains("timed out"), "{ended:?}");
    assert_eq!(proxy.join(), b"");
}

/// A local proxy in front of a chain.
#[test]
fn forward() {
    let proxy = Scripted::start(|mut client| {
        grant_with_password(&mut client, &[5, 1, 0, 1, 192, 0, 2, 2, 4, 56]);
        grant(&mut client, &request(1, "example.com", 80));
        assert_eq!(rest(&mut client), b"hello");
        client.write_all(b"goodbye").expect("an open direction");
    });
    let url = format!("socks5h://{USER}:{PASSWORD}@{}", proxy.addr);
    let mut program = Running::start(&mut anysocks(&["forward", &url, "socks5h://192.0.2.2:1080"]));
    let printed = program.line();
    assert!(printed.starts_with("socks5h://anysocks:") && !printed.contains(PASSWORD), "{printed}");
    exchange(&printed);
    proxy.join();
}

fn exchange(url: &str) {
    let mut stream = Socks5Stream::connect(url, "example.com:80").expect("a tunnel");
    stream.write_all(b"hello").expect("an open stream");
    stream.get_ref().shutdown(std::net::Shutdown::Write).expect("an open stream");
    let mut received = String::new();
    stream.read_to_string(&mut received).expect("the end");
    assert_eq!(received, "goodbye");
}

/// An error of a connection is printed, and the local proxy goes on.
#[test]
fn forward_without_a_password() {
    if is_left_out_without_ipv6("forward_without_a_password") {
        return;
    }
    let proxy = Scripted::start(|mut client| {
        expect(&mut client, &[5, 2, 0, 2]);
        client.write_all(&[5, 0xFF]).expect("an open connection");
    });
    let url = format!("socks5h://{USER}:{PASSWORD}@{}", proxy.addr);
    let arguments = ["forward", "--json", "--no-password", "--listen", "[::1]:0", &url];
    let mut program = Running::start(&mut anysocks(&arguments));
    let printed = program.line().parse::<Value>().expect("JSON");
    let local = printed["url"].as_str().expect("a URL");
    assert!(local.starts_with("socks5h://[::1]:"), "{local}");
    Socks5Stream::connect(local, "example.com:80").expect_err("a refusal");
    let printed = line(program.0.stderr.as_mut().expect("a pipe"));
    assert!(
        printed.starts_with("anysocks: proxy socks5h://user@") && printed.contains("none of the methods"),
        "{printed}"
    );
    assert!(!printed.contains(PASSWORD), "{printed}");
    proxy.join();
    assert_eq!(program.0.try_wait().expect("a status"), None);
}

#[test]
fn probe() {
    let mut forwarder = Running::start(&mut anysocks(&["forward"]));
    let url = forwarder.line();
    let ended = run(&["probe", &url]);
    assert_eq!((ended.status, &*ended.stderr), (Some(0), ""), "{ended:?}");
    let row = ended.stdout.lines().find(|line| line.starts_with("credentials ")).expect("a row");
    assert!(row.contains(" yes "), "{row}");
    let password = url.split([':', '@']).nth(2).expect("a password");
    assert!(!ended.stdout.contains(password) && !ended.stderr.contains(password), "{ended:?}");

    let ended = run(&["probe", "--json", &url]);
    assert!(!ended.stdout.contains(password) && !ended.stderr.contains(password), "{ended:?}");
    let report = ended.stdout.parse::<Value>().expect("JSON");
    let answers = report["answers"].as_array().expect("a list");
    let answer = |id| answers.iter().find(|answer| answer["id"] == id).expect("an answer");
    assert_eq!(answer("socks5-name")["answer"], "yes");
    assert_eq!((&answer("bind")["answer"], &answer("bind")["reply"]), (&json!("no"), &json!(7)));
    assert!(answer("socks5-name")["round_trip_ms"].is_number(), "{report}");

    let website = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = website.local_addr().expect("an address");
    std::thread::spawn(move || {
        for client in website.incoming() {
            let mut client = client.expect("a client");
            let _ = client.read(&mut [0; 64]).and_then(|_| client.write_all(b"HTTP/1.1 400\r\n\r\n"));
        }
    });
    let ended = run(&["probe", &format!("socks5h://{addr}")]);
    assert_eq!(ended.status, Some(7), "{ended:?}");
    assert!(ended.stderr.ends_with("the proxy does not speak SOCKS\n"), "{ended:?}");
    assert_eq!(run(&["probe", dead()]).status, Some(3));
}

/// The system drops a connection attempt if the queue of the listening socket is full.
#[cfg(target_os = "linux")]
#[test]
fn a_probe_times_out() {
    use std::net::TcpStream;
    use tokio::net::TcpSocket;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    rustix::net::listen(&socket, 0).expect("a bound socket");
    let addr = socket.local_addr().expect("an address");
    // A queue of this length has room for one connection.
    let _queued = TcpStream::connect(addr).expect("a place in the queue");
    while waiting(addr.port()) == 0 {
        std::thread::yield_now();
    }
    let ended = run(&["probe", "--timeout", "0.5", &format!("socks5h://{addr}")]);
    assert_eq!(ended.status, Some(6), "{ended:?}");
}

/// Returns how many connections to a listening socket wait to be accepted (`proc_net_tcp(5)`).
#[cfg(target_os = "linux")]
fn waiting(port: u16) -> u32 {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
    let local = format!(" 0100007F:{port:04X} 00000000:0000 0A ");
    let row = table.lines().find(|row| row.contains(&local)).expect("the listening socket");
    let queues = row.split_whitespace().nth(4).expect("the lengths of the queues");
    let (_, received) = queues.split_once(':').expect("two lengths");
    u32::from_str_radix(received, 16).expect("a number")
}

/// The reader of a pipe, such as `head`, may end first.
#[cfg(unix)]
#[test]
fn closed_pipes() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let website = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("socks5h://{}", website.local_addr().expect("an address"));
    std::thread::spawn(move || website.incoming().for_each(drop));
    for arguments in [&["man"][..], &["completions", "bash"], &["probe", &url], &["resolve", "localhost"]] {
        let (reader, writer) = UnixStream::pair().expect("two sockets");
        drop(reader);
        let ended = anysocks(arguments).stdout(OwnedFd::from(writer)).output().expect("an end");
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(1), &b""[..]), "{arguments:?}");
    }
}

/// Another failure is an error.
#[cfg(target_os = "linux")]
#[test]
fn a_full_device() {
    for arguments in [&["man"][..], &["forward"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
        let ended = anysocks(arguments).stdout(full).output().expect("an end");
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.starts_with(b"anysocks: the standard output: "), "{ended:?}");
    }
}
