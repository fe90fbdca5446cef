//! What the `tracing` feature reports: the proxy, the target, stages and sizes, and never a secret.

#![cfg(feature = "tracing")]

use anysocks::Proxy;
use anysocks::blocking::Socks5Stream;
use std::fmt::{Debug, Write as _};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SECRET: &str = "Zq7xW2kTn9RbV4sL";

/// Writes down all that is reported, as text.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Recorder {
    fn record(&self, metadata: &Metadata<'_>, fields: impl FnOnce(&mut Fields<'_>)) {
        let mut text = self.0.lock().unwrap();
        write!(text, "{}", metadata.name()).unwrap();
        fields(&mut Fields(&mut text));
        text.push('\n');
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("anysocks")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.record(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = self.0.lock().unwrap();
        text.push_str("recorded");
        values.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.record(event.metadata(), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A proxy that wants a password and gives this answer to it, and to the request.
fn proxy(status: u8) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut message = [0; 600];
        for answer in [&[5, 2][..], &[1, status], &[5, status, 0, 1, 0, 0, 0, 0, 0, 0]] {
            if client.read(&mut message).is_ok_and(|n| n > 0) {
                client.write_all(answer).unwrap();
            }
        }
    });
    addr
}

fn recorded(status: u8, target: &str) -> (Proxy, String) {
    let proxy = format!("socks5h://user:{SECRET}@{}", proxy(status)).parse::<Proxy>().unwrap();
    let recorder = Recorder::default();
    let connected =
        tracing::subscriber::with_default(recorder.clone(), || Socks5Stream::connect(&proxy, target));
    assert_eq!(connected.is_ok(), status == 0);
    let text = recorder.0.lock().unwrap().clone();
    (proxy, text)
}

#[test]
fn a_handshake_is_reported() {
    let (proxy, text) = recorded(0, "example.com:80");
    // Greeting, credentials, request, and their answers.
    let sizes = [
        ("sent", 4),
        ("heard", 2),
        ("sent", 3 + 4 + SECRET.len()),
        ("heard", 2),
        ("sent", 18),
        ("heard", 10),
    ];
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("socks command=CONNECT proxy={proxy} target=example.com:80"));
    assert_eq!(lines.len(), 1 + sizes.len() + 1, "{text}");
    assert!(lines[1 + sizes.len()].starts_with("recorded elapsed="), "{text}");
    let stages = ["method selection", "authentication", "request"];
    for (at, (what, bytes)) in sizes.into_iter().enumerate() {
        let fields = format!("stage={} bytes={bytes}", stages[at / 2]);
        assert!(lines[1 + at].contains(what) && lines[1 + at].contains(&fields), "{fields}: {text}");
    }
}

#[test]
fn a_failure_is_reported_with_its_stage() {
    let (_, text) = recorded(1, "example.com:80");
    assert!(text.contains("\nrecorded failed=authentication\n"), "{text}");
}

#[test]
fn no_secret_is_reported() {
    for status in [0, 1] {
        let (_, text) = recorded(status, "example.com:80");
        assert!(text.contains("socks5h://user@127.0.0.1"), "{text}");
        let bytes = format!("{:?}", SECRET.as_bytes());
        for telling in [SECRET, &SECRET[..8], &bytes[1..20]] {
            assert!(!text.contains(telling), "{text}");
        }
    }
}
