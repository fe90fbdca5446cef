//! Where `anysocks connect` finds its proxies.

mod support;

use std::io::Write;
use support::{
    File, PASSWORD, Scripted, USER, anysocks, expect, grant, grant_with_password, request, rest, run,
    run_with,
};

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
    let file = File::new("chain", format!("\u{FEFF}# two\n\n{}\n  {SECOND}\n", proxy.url()));
    assert_eq!(run(&["connect", "--proxy-file", &file.0, "example.com:80"]).status, Some(0));
    proxy.join();
    // Without schemes, and with a comma after the last.
    for second in ["192.0.2.2:1080", SECOND, "192.0.2.2:1080,"] {
        let proxy = play();
        let list = format!("{},{second}", proxy.addr);
        let ended = run(&["connect", "-x", &list, "example.com:80"]);
        assert_eq!((ended.status, &*ended.stderr), (Some(0), ""), "{list}");
        proxy.join();
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
                client.write_all(&[5, 2]).expect("an open connection");
                expect(&mut client, &[&[1, 4][..], USER.as_bytes(), &[10], PASSWORD.as_bytes()].concat());
                client.write_all(&[1, 1]).expect("an open connection");
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
    std::fs::remove_file(&path).expect("a socket");
    assert_eq!((ended.status, &*ended.stdout), (Some(0), "word"), "{ended:?}");
    serving.join().expect("no panic");
}
