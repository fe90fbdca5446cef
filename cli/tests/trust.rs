//! Which certificates of a proxy behind TLS are accepted.

#[path = "support/behind_tls.rs"]
mod behind_tls;
mod support;

use anysocks::blocking::Socks5Stream;
use behind_tls::{Certificate, exchange, url};
use rcgen::{BasicConstraints, IsCa, date_time_ymd};
use rustls::{ServerConnection, StreamOwned};
use std::fs;
use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use support::{File, Running, Scripted, anysocks, dead, line, rest, run, run_with};

/// The program with these roots of the system, as rustls-native-certs reads them.
fn with_roots(roots: &str, arguments: &[&str]) -> Command {
    let mut command = anysocks(arguments);
    command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR");
    command
}

/// All commands say why, and which options help.
#[test]
fn a_certificate_that_is_not_trusted() {
    let (certificate, other) = (Certificate::new("not-trusted"), Certificate::new("other"));
    let authority = Certificate::with("authority", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let commands = [&["connect", "h:1"][..], &["resolve", "h"], &["listen"], &["udp", "192.0.2.1:53"]];
    for arguments in commands {
        for (certificate, options, why) in [
            (&certificate, &[][..], "its issuer is unknown"),
            (&certificate, &["--ca", other.path()], "its issuer is unknown"),
            (&authority, &[], "it is one of a CA, and not in --ca"),
        ] {
            let proxy = certificate.proxy(|mut client| assert!(client.read(&mut [0]).is_err()));
            let url = url(&proxy);
            let arguments = [arguments, &["-x", &url], options].concat();
            let ended = run_with(&mut with_roots(other.path(), &arguments), b"");
            assert_eq!(ended.status, Some(3), "{arguments:?}: {ended:?}");
            let expected =
                format!("the proxy's certificate is not trusted ({why}): see --ca and --server-name\n");
            assert!(ended.stderr.ends_with(&expected), "{arguments:?}: {ended:?}");
            proxy.join();
        }
    }
    let proxy = certificate.proxy(|mut client| assert!(client.read(&mut [0]).is_err()));
    let arguments = ["forward", "--no-password", &url(&proxy)];
    let mut program = Running::start(&mut with_roots(other.path(), &arguments));
    Socks5Stream::connect(program.line(), "h:1").expect_err("a failure of the proxy behind");
    let printed = line(program.0.stderr.as_mut().expect("a pipe"));
    assert!(printed.ends_with("(its issuer is unknown): see --ca and --server-name"), "{printed}");
    proxy.join();
}

/// A system without trusted certificates is a mistake of its set-up, before anything is sent.
#[test]
fn no_roots() {
    let empty = File::new("roots", "");
    let dead = dead().replace("socks5h:", "socks5h+tls:");
    let expected = "this system has no trusted certificates: see --ca\n";
    for arguments in [
        &["connect", "h:1", "-x", &dead][..],
        &["resolve", "h", "-x", &dead],
        &["listen", "-x", &dead],
        &["udp", "192.0.2.1:53", "-x", &dead],
        &["forward", &dead],
        &["probe", &dead],
    ] {
        let ended = run_with(&mut with_roots(&empty.0, arguments), b"");
        assert_eq!(ended.status, Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stderr, format!("anysocks: {expected}"), "{arguments:?}");
    }
    let ended = run_with(&mut with_roots("/nonexistent", &["connect", "h:1", "-x", &dead]), b"");
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("anysocks: this system has no trusted certificates ("), "{ended:?}");
    assert!(ended.stderr.ends_with("): see --ca\n"), "{ended:?}");
    // A connection by the environment may be a direct one, so it fails as soon as TLS is needed.
    let proxy = Scripted::start(|mut client| assert_eq!(rest(&mut client), b""));
    let url = format!("socks5h+tls://{}", proxy.addr);
    let mut command = with_roots(&empty.0, &["connect", "h:1"]);
    let ended = run_with(command.env("ALL_PROXY", url), b"");
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.ends_with(expected), "{ended:?}");
    proxy.join();
}

#[test]
fn a_file_that_is_no_certificate() {
    let certificate = Certificate::new("cut-off");
    let whole = fs::read_to_string(&certificate.path).expect("a file");
    let end = whole.find("-----END").expect("the last line");
    for (text, expected) in [
        (&whole[..end], "a certificate is cut off before its END line"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "a certificate is not in base64"),
        ("-----BEGIN CERTIFICATE\n", "a BEGIN line is malformed"),
        ("", "no certificate in PEM form"),
    ] {
        let file = File::new("certificate", text);
        let ended = run(&["connect", "-x", "socks5h+tls://h", "--ca", &file.0, "h:1"]);
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert_eq!(ended.stderr, format!("anysocks: --ca {}: {expected}\n", file.0));
    }
}

/// The file of `--ca` contains the certificate of the proxy itself. Its name and its dates count.
#[test]
fn a_listed_certificate() {
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    let other_name = &["--server-name", "other.example"][..];
    // As `openssl req -x509` makes them, and as a server's.
    for is_ca in [authority, IsCa::NoCa] {
        for (dates, options, why) in [
            ((2020, 4000), &[][..], None),
            ((2020, 4000), other_name, Some("(it is not one for other.example): see --ca and --server-name")),
            // No option accepts these ones, except --insecure.
            ((2020, 2021), &[], Some("(it has expired)")),
            ((3999, 4000), &[], Some("(it is not valid yet)")),
        ] {
            let certificate = Certificate::with("listed", |params| {
                params.is_ca = is_ca;
                params.not_before = date_time_ymd(dates.0, 1, 1);
                params.not_after = date_time_ymd(dates.1, 1, 1);
            });
            let config = Arc::clone(&certificate.config);
            let proxy = Scripted::start(move |client| {
                let tls = ServerConnection::new(config).expect("a configuration");
                let mut client = StreamOwned::new(tls, client);
                if why.is_none() {
                    return exchange(client);
                }
                assert!(client.read(&mut [0]).is_err());
            });
            let url = url(&proxy);
            let arguments = ["connect", "-x", &url, "--ca", certificate.path(), "example.com:80"];
            let ended = run_with(&mut anysocks(&[&arguments, options].concat()), b"hello");
            let status = if why.is_some() { 3 } else { 0 };
            assert_eq!(ended.status, Some(status), "{is_ca:?} {dates:?} {options:?}: {ended:?}");
            let why = why.map(|why| format!("is not trusted {why}\n"));
            assert!(ended.stderr.ends_with(&why.unwrap_or_default()), "{ended:?}");
            proxy.join();
        }
    }
}
