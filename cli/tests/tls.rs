//! A proxy behind TLS.

mod support;

use anysocks::blocking::Socks5Stream;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use support::{Running, Scripted, anysocks, grant, request, rest, run, run_with};

/// A certificate for `localhost`, and the file that has it.
struct Certificate {
    config: Arc<ServerConfig>,
    path: PathBuf,
}

impl Certificate {
    fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        change(&mut params);
        let signing_key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        let path = std::env::temp_dir().join(format!("anysocks-cli-{}-{name}.pem", std::process::id()));
        fs::write(&path, cert.pem()).expect("a file");
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key.into())
            });
        Self { config: Arc::new(config.expect("a configuration")), path }
    }

    fn path(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }

    /// A proxy that speaks TLS first.
    fn proxy(&self, serve: fn(Tls)) -> Scripted<()> {
        let config = Arc::clone(&self.config);
        Scripted::start(move |client| {
            let tls = ServerConnection::new(config).expect("a configuration");
            serve(StreamOwned::new(tls, client));
        })
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// Both directions end with TLS's own message.
fn exchange(mut client: Tls) {
    grant(&mut client, &request(1, "example.com", 80));
    assert_eq!(rest(&mut client), b"hello");
    client.write_all(b"goodbye").expect("an open direction");
    client.conn.send_close_notify();
    client.flush().expect("an open direction");
}

fn url(proxy: &Scripted<()>) -> String {
    format!("socks5h+tls://localhost:{}", proxy.addr.port())
}

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

#[test]
fn a_certificate_that_is_not_trusted() {
    let (certificate, other) = (Certificate::new("not-trusted"), Certificate::new("other"));
    for options in [&[][..], &["--ca", other.path()]] {
        let proxy = certificate.proxy(|mut client| assert!(client.read(&mut [0]).is_err()));
        let ended = run(&[&["connect", "example.com:80", "-x", &*url(&proxy)], options].concat());
        assert_eq!(ended.status, Some(3), "{options:?}: {ended:?}");
        assert!(ended.stderr.contains("certificate"), "{ended:?}");
        proxy.join();
    }
}

/// The file of `--ca` contains the certificate of the proxy itself. Its name and its dates count.
#[test]
fn a_listed_certificate() {
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    let other_name = &["--server-name", "other.example"][..];
    // As `openssl req -x509` makes them, and as a server's.
    for is_ca in [authority, IsCa::NoCa] {
        for (dates, options, status) in [
            ((2020, 4000), &[][..], 0),
            ((2020, 4000), other_name, 3),
            ((2020, 2021), &[], 3),
            ((3999, 4000), &[], 3),
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
                if status == 0 {
                    return exchange(client);
                }
                assert!(client.read(&mut [0]).is_err());
            });
            let url = url(&proxy);
            let arguments = ["connect", "-x", &url, "--ca", certificate.path(), "example.com:80"];
            let ended = run_with(&mut anysocks(&[&arguments, options].concat()), b"hello");
            assert_eq!(ended.status, Some(status), "{is_ca:?} {dates:?} {options:?}: {ended:?}");
            proxy.join();
        }
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
    let ended = run(&["probe", &url]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("the proxy's certificate is not trusted: see --ca"), "{ended:?}");
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
    let mut heard = String::new();
    stream.read_to_string(&mut heard).expect("the end");
    assert_eq!(heard, "goodbye");
    proxy.join();
}
