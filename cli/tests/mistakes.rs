//! Mistakes in the arguments, the environment and the files of options, and the exit statuses.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use support::{File, PASSWORD, Scripted, USER, anysocks, dead, rest, run, run_with};

/// A mistake is named, together with the option that has it.
#[test]
fn mistakes() {
    let url_with_user = format!("{USER}:{PASSWORD}@h:1080");
    let needs_proxy = "there is no proxy that could be asked: set --proxy, --proxy-file, or ALL_PROXY\n";
    let rows: &[(&[&str], &str)] = &[
        (&["connect"], "required arguments were not provided"),
        (&["frob"], "unrecognized subcommand 'frob'"),
        (&["man", "frob"], "[possible values: connect, forward, probe, "),
        (&["connect", "example.com"], "\"example.com\": the port is missing: write host:port\n"),
        (
            &["connect", "-x", "http://127.0.0.1:1", "example.com:80"],
            "anysocks: --proxy: \"http://127.0.0.1:1\": this is the URL of an HTTP proxy",
        ),
        (
            &["connect", "-x", &url_with_user, "example.com:80"],
            "anysocks: --proxy: host:port has no user name and no password: use a URL such as socks5h://user:pass",
        ),
        (
            &["connect", "-x", "/run/tor/socks", "example.com:80"],
            "this is a path: use a URL such as socks5h+unix:///run/tor/socks",
        ),
        (
            &["connect", "-x", "", "example.com:80"],
            "anysocks: --proxy: the value is empty: is a variable not set?\n",
        ),
        (&["connect", "-x", ",", "example.com:80"], "anysocks: --proxy: the value is empty\n"),
        (&["forward", ""], "anysocks: URL: the value is empty: is a variable not set?\n"),
        (&["probe", "h:port"], "anysocks: URL: the port is not a number"),
        (
            &["connect", "-x", dead(), "--ca", "/nonexistent", "example.com:80"],
            "anysocks: --ca needs a proxy behind TLS: socks5h+tls://host:port\n",
        ),
        (
            &["connect", "-x", dead(), "--server-name", "example.com", "example.com:80"],
            "anysocks: --server-name needs a proxy behind TLS",
        ),
        (
            &["connect", "-x", "socks5h+tls://127.0.0.1:1", "--ca", "/nonexistent", "example.com:80"],
            "anysocks: --ca /nonexistent: ",
        ),
        (&["forward", "--insecure"], "anysocks: --insecure needs a proxy behind TLS"),
        (&["connect", "--insecure", "example.com:80"], "anysocks: --insecure needs a proxy behind TLS"),
        (
            &["connect", "--proxy-file", "/nonexistent", "example.com:80"],
            "anysocks: --proxy-file /nonexistent: ",
        ),
        (
            &["connect", "--timeout", "0", "h:1"],
            "'--timeout <SECONDS>': not a number of seconds above zero\n",
        ),
        (
            &["connect", "--timeout", "-1", "h:1"],
            "'--timeout <SECONDS>': not a number of seconds above zero\n",
        ),
        (&["connect", "--timeout", "1e20", "h:1"], "'--timeout <SECONDS>': more than 1000000000 seconds\n"),
        (&["connect", "--timeout", "inf", "h:1"], "'--timeout <SECONDS>': more than 1000000000 seconds\n"),
        (&["connect", "--timeout", "soon", "h:1"], "'--timeout <SECONDS>': not a number of seconds\n"),
        (&["listen"], needs_proxy),
        (&["udp", "127.0.0.1:53"], needs_proxy),
        (&["resolve", "192.0.2.1"], needs_proxy),
        (
            &["udp", "-x", "socks4://127.0.0.1:1", "127.0.0.1:53"],
            "change the scheme of its URL if it speaks both",
        ),
        (
            &["probe", "socks5h://127.0.0.1:1,socks5h://127.0.0.1:2"],
            "anysocks: probe tests one proxy, not a chain\n",
        ),
        (
            &["forward", "--no-password", "--listen", "192.0.2.1:0", dead()],
            "anysocks: --listen 192.0.2.1:0: ",
        ),
    ];
    for (arguments, expected) in rows {
        let ended = run(arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.contains(PASSWORD), "{arguments:?}: {ended:?}");
    }
}

/// A variable that no connection uses does not make an option of TLS effective.
#[test]
fn options_of_tls_and_the_environment() {
    let arguments = ["connect", "--insecure", "example.com:80"];
    for (name, excludes) in [("ftp_proxy", None), ("ALL_PROXY", Some("all_proxy"))] {
        let mut command = anysocks(&arguments);
        command.env(name, "socks5h+tls://127.0.0.1:1");
        if let Some(excludes) = excludes {
            command.env(excludes, dead());
        }
        let ended = run_with(&mut command, b"");
        assert_eq!(ended.status, Some(2), "{name}: {ended:?}");
        assert!(ended.stderr.contains("--insecure needs a proxy behind TLS"), "{name}: {ended:?}");
    }
    let dead = dead().replace("socks5h:", "socks5h+tls:");
    let ended = run_with(anysocks(&arguments).env("ALL_PROXY", dead), b"");
    assert_eq!(ended.status, Some(3), "{ended:?}");
}

/// A device that never ends is not read into memory.
#[cfg(unix)]
#[test]
fn files_without_an_end() {
    for (option, expected) in [
        (&["--proxy-file", "/dev/zero"][..], "--proxy-file /dev/zero: more than 1 MiB\n"),
        (&["-x", "socks5h+tls://h", "--ca", "/dev/zero"], "--ca /dev/zero: more than 16 MiB\n"),
    ] {
        let ended = run(&[&["connect", "example.com:80"], option].concat());
        assert_eq!((ended.status, &*ended.stderr), (Some(2), &*format!("anysocks: {expected}")));
    }
}

/// An error names the line, and not the password in it.
#[test]
fn mistakes_in_a_file() {
    for (text, expected) in [
        (
            format!("# one\r\n\r\nsocks5h://{USER}:{PASSWORD}@h:port\r\n"),
            ", line 3: the port is not a number",
        ),
        (
            format!("socks5h://h:1080\nhttp://{USER}:{PASSWORD}@h:1"),
            ", line 2: this is the URL of an HTTP proxy: only SOCKS proxies are supported",
        ),
        (
            format!("socks5h://h:1080\nsocks5h+tls://{USER}:{PASSWORD}@h:1"),
            ", line 2: a proxy behind TLS can't stand behind another proxy\n",
        ),
        (
            format!("socks5h://a:1080, {USER}:{PASSWORD}@h:1"),
            ", line 1: in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), `?` (%3F), \
             and in a list `,` (%2C), or begin each URL with its scheme\n",
        ),
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

/// What a proxy answers, message by message, and the exit status.
type Row = (&'static [&'static [u8]], i32);

/// The statuses that `--help` lists, beside 0, 1 and 2.
#[test]
fn exit_statuses() {
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
    #[cfg(target_os = "linux")]
    for arguments in [&["connect", "example.com:80", "-x"][..], &["probe"]] {
        let ended = run(&[arguments, &[&format!("{}?interface=nonexist0", dead())]].concat());
        assert_eq!(ended.status, Some(3), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(": interface nonexist0: "), "{arguments:?}: {ended:?}");
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
                client.write_all(answer).expect("an open connection");
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
