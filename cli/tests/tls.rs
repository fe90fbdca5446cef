//! A proxy behind TLS.

#[path = "support/behind_tls.rs"]
mod behind_tls;
mod support;

use anysocks::blocking::Socks5Stream;
use behind_tls::{Certificate, exchange, url};
use rustls::{ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use support::{Running, anysocks, grant, request, rest, run, run_with};

#[test]
fn a_trusted_certificate() {
    let certificate = Certificate::new("trusted");
    for options in [&["--ca", certificate.path()][..], &["--insecure"]] {
        let proxy = certificate.proxy(exchange);
        let url = url(&proxy);
        let arguments = [&["connect", "-x", &url, "example.com:80"], options].concat();
        let ended = run_with(&mut anysocks(&arguments), b"hello");
        assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (Some(0), "goodbye", ""), "{options:?}");
        proxy.join();
    }
}

/// The proxy closes the connection without TLS's own message, as an attacker could.
#[test]
fn an_end_without_the_end_of_tls() {
    let certificate = Certificate::new("cut");
    let proxy = certificate.proxy(|mut client| {
        grant(&mut client, &request(1, "example.com", 80));
        client.write_all(b"part").expect("an open direction");
        client.sock.shutdown(Shutdown::Write).expect("an open direction");
        rest(&mut client.sock);
    });
    let arguments = ["connect", "-x", &*url(&proxy), "--insecure", "example.com:80"];
    let ended = run_with(&mut anysocks(&arguments), b"");
    assert_eq!((ended.status, &*ended.stdout), (Some(1), "part"), "{ended:?}");
    let expected = "the proxy closed the connection without the end of TLS: the data may be incomplete";
    assert_eq!(ended.stderr, format!("anysocks: receiving failed: {expected}\n"));
    proxy.join();
}

#[cfg(unix)]
#[test]
fn a_reset_after_the_end_of_tls() {
    use std::sync::mpsc::channel;
    use support::{Scripted, assert_ends_with_a_reset};
    let certificate = Certificate::new("reset");
    let config = Arc::clone(&certificate.config);
    let (to_proxy, from_test) = channel();
    let proxy = Scripted::start(move |client| {
        let tls = ServerConnection::new(config).expect("a configuration");
        let mut client = StreamOwned::new(tls, client);
        grant(&mut client, &request(1, "example.com", 80));
        client.sock.peek(&mut [0]).expect("the client's first byte");
        client.conn.send_close_notify();
        client.flush().expect("an open direction");
        client.sock.shutdown(Shutdown::Write).expect("an open direction");
        from_test.recv().expect("a test");
        // The bytes that are not read turn the end into a reset.
    });
    let url = format!("socks5h+tls://localhost:{}", proxy.addr.port());
    let arguments = ["connect", "-x", &url, "--insecure", "example.com:80"];
    assert_ends_with_a_reset(&mut anysocks(&arguments), || {
        to_proxy.send(()).expect("a proxy");
        proxy.join();
    });
}

/// A port without TLS.
#[test]
fn another_protocol() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("socks5h+tls://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            let _ = client.read(&mut [0; 512]).and_then(|_| client.write_all(b"HTTP/1.1 400\r\n\r\n"));
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    for (arguments, expected) in [
        (&["connect", "h:1", "--insecure", "-x", &url][..], ": the answer of the proxy is not TLS\n"),
        (
            &["probe", "--insecure", &url],
            "anysocks: TLS with the proxy failed: the answer of the proxy is not TLS\n",
        ),
    ] {
        let ended = run(arguments);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        assert!(ended.stderr.ends_with(expected), "{ended:?}");
    }
}

#[test]
fn a_probe() {
    let certificate = Certificate::new("probe");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("socks5h+tls://localhost:{}", listener.local_addr().expect("an address").port());
    let config = Arc::clone(&certificate.config);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
            let mut client = StreamOwned::new(tls, client.expect("a client"));
            // The probe closes a connection as soon as it knows enough.
            let _ = client.read(&mut [0; 64]).and_then(|_| client.write_all(&[5, 0xFF]));
        }
    });
    let ended = run(&["probe", "--ca", certificate.path(), &url]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let row = ended.stdout.lines().find(|line| line.starts_with("TLS connection ")).expect("a row");
    assert!(row.contains(" yes "), "{row}");
    let other = Certificate::new("other-probe");
    let ended = run(&["probe", "--ca", other.path(), &url]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    let expected =
        "TLS with the proxy failed: the proxy's certificate is not trusted (its issuer is unknown)";
    assert!(ended.stderr.contains(expected), "{ended:?}");
}

/// The system accepts the connection, and the server sends nothing.
#[test]
fn a_probe_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("socks5h+tls://localhost:{}", silent.local_addr().expect("an address").port());
    let ended = run(&["probe", "--timeout", "0.5", "--insecure", &url]);
    assert_eq!(ended.status, Some(6), "{ended:?}");
}

#[test]
fn a_local_proxy_in_front() {
    let certificate = Certificate::new("forward");
    let proxy = certificate.proxy(exchange);
    let arguments = ["forward", "--ca", certificate.path(), &url(&proxy)];
    let mut program = Running::start(&mut anysocks(&arguments));
    let local = program.line();
    let mut stream = Socks5Stream::connect(&local, "example.com:80").expect("a tunnel");
    stream.write_all(b"hello").expect("an open stream");
    stream.get_ref().shutdown(Shutdown::Write).expect("an open stream");
    let mut received = String::new();
    stream.read_to_string(&mut received).expect("the end");
    assert_eq!(received, "goodbye");
    proxy.join();
}
