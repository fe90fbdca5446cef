//! Errors as readers see them: the exact sentences, the sources, and the conversions.

mod support;

use anysocks::blocking::{Socks4Stream, Socks5Listener, Socks5Stream, Socks5UdpSocket};
use anysocks::udp::{AssociationEnd, Datagram};
use anysocks::{Auth, Credentials, Error, ErrorKind, Invalid, Proxy, Stage, UserId};
use std::error::Error as _;
use std::io::{self, Cursor, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

/// A proxy that sends this, whatever it receives, and closes the connection.
struct Says(Cursor<&'static [u8]>);

impl Read for Says {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Says {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn v5(answer: &'static [u8]) -> Error {
    let auth = Auth::password(Credentials::new("user", "pw").unwrap());
    Socks5Stream::handshake(Says(Cursor::new(answer)), &auth, "a:1").map(drop).unwrap_err()
}

fn v4(answer: &'static [u8]) -> Error {
    Socks4Stream::handshake(Says(Cursor::new(answer)), &UserId::none(), "a:1").map(drop).unwrap_err()
}

const EOF: io::ErrorKind = io::ErrorKind::UnexpectedEof;
const DATA: io::ErrorKind = io::ErrorKind::InvalidData;
const DENIED: io::ErrorKind = io::ErrorKind::PermissionDenied;

#[test]
fn what_a_socks5_proxy_says() {
    use Stage::{Authentication, MethodSelection, Request};
    for (answer, stage, kind, sentence) in [
        (
            &b"HTTP/1.1"[..],
            MethodSelection,
            DATA,
            "found an HTTP server, not a SOCKS proxy: the answer begins with X'48'",
        ),
        (
            b"<html>",
            MethodSelection,
            DATA,
            "found an HTTP server, not a SOCKS proxy: the answer begins with X'3C'",
        ),
        (
            b"\x00\x5B",
            MethodSelection,
            DATA,
            "found a SOCKS4 proxy, not a SOCKS5 one: the answer begins with X'00'",
        ),
        (
            b"\x04",
            MethodSelection,
            DATA,
            "found a SOCKS4 proxy, not a SOCKS5 one: the answer begins with X'04'",
        ),
        (
            b"\x15\x03",
            MethodSelection,
            DATA,
            "found a TLS server, not a bare SOCKS proxy: the answer begins with X'15'",
        ),
        (
            b"SSH-2.0",
            MethodSelection,
            DATA,
            "found what may be an SSH server, not a SOCKS proxy: the answer begins with X'53'",
        ),
        (b"\x01", MethodSelection, DATA, "found no SOCKS proxy: the answer begins with X'01'"),
        (b"\x05\xFF", MethodSelection, DENIED, "refused: the proxy accepts none of the methods offered"),
        (b"\x05\x01", MethodSelection, DATA, "failed: the proxy chose X'01', a method that was not offered"),
        (b"\x05\x02\x02", Authentication, DATA, "failed: the answer has X'02' as its VER"),
        (b"\x05\x02\x01\xFE", Authentication, DENIED, "refused: wrong user name or password (status X'FE')"),
        (b"\x05\x00\x04", Request, DATA, "failed: the answer has X'04' as its VER"),
        (b"\x05\x00\x05\x00\x00\x02", Request, DATA, "failed: the answer has X'02' as its ATYP"),
        (
            b"\x05\x00\x05\x00\x00\x01",
            Request,
            EOF,
            "failed: the proxy closed the connection after 4 bytes of its answer",
        ),
        (
            b"\x05\x00\x05\x05",
            Request,
            io::ErrorKind::ConnectionRefused,
            "refused: connection refused, or a name that can't be resolved (X'05')",
        ),
        (b"\x05\x00\x05\x99", Request, io::ErrorKind::Other, "refused: unassigned reply (X'99')"),
    ] {
        let error = v5(answer);
        assert_eq!(error.to_string(), format!("target a:1: {stage} {sentence}"));
        assert_eq!((error.stage(), error.proxy(), error.target()), (stage, None, Some("a:1")));
        assert_eq!(error.reply().is_some(), matches!(error.kind(), ErrorKind::Refused(_)));
        becomes(error, kind);
    }
}

#[test]
fn an_early_end_says_where() {
    for (answer, stage, came) in [
        (&b""[..], Stage::MethodSelection, 0),
        (b"\x05", Stage::MethodSelection, 1),
        (b"\x05\x02", Stage::Authentication, 0),
        (b"\x05\x02\x01", Stage::Authentication, 1),
        (b"\x05\x02\x01\x00", Stage::Request, 0),
        (b"\x05\x00\x05\x00\x00\x03\xFFa", Stage::Request, 6),
    ] {
        let error = v5(answer);
        let ErrorKind::EndedEarly { received } = *error.kind() else { panic!("{error}") };
        assert_eq!((error.stage(), received), (stage, came));
        becomes(error, EOF);
    }
}

#[test]
fn what_a_socks4_proxy_says() {
    for (answer, kind, sentence) in [
        (&b"HTTP/1.1"[..], DATA, "found an HTTP server, not a SOCKS proxy: the answer begins with X'48'"),
        (b"\x05\xFF", DATA, "found a SOCKS5 proxy, not a SOCKS4 one: the answer begins with X'05'"),
        (b"\x16\x03", DATA, "found a TLS server, not a bare SOCKS proxy: the answer begins with X'16'"),
        (
            b"\x00\x5B",
            io::ErrorKind::Other,
            "refused: request rejected or failed, or names are not supported (X'5B')",
        ),
        (b"\x00\x5C", DENIED, "refused: the proxy can't connect to the client's identd (X'5C')"),
        (b"\x00\x00", io::ErrorKind::Other, "refused: unassigned reply (X'00')"),
        (b"\x00\x05", io::ErrorKind::Other, "refused: unassigned reply (X'05')"),
        (b"\x00\x5A\x00", EOF, "failed: the proxy closed the connection after 3 bytes of its answer"),
    ] {
        let error = v4(answer);
        assert_eq!(error.to_string(), format!("target a:1: request {sentence}"));
        assert_eq!((error.stage(), error.target()), (Stage::Request, Some("a:1")));
        becomes(error, kind);
    }
}

/// Converted to an I/O error, it has this kind and the same text, and can be downcast. Its sources
/// repeat nothing of its text.
fn becomes(error: Error, kind: io::ErrorKind) {
    let (sentence, debug) = (error.to_string(), format!("{error:?}"));
    let mut source = error.source();
    while let Some(cause) = source {
        assert!(!sentence.contains(&cause.to_string()), "{sentence} <- {cause}");
        source = cause.source();
    }
    assert!(!error.is_timeout() || kind == io::ErrorKind::TimedOut);
    assert!(
        debug.ends_with(&format!("): {error:#}")) || debug.ends_with(&format!(" }}: {error:#}")),
        "{debug}"
    );
    let error = io::Error::from(error);
    assert_eq!((error.kind(), error.to_string()), (kind, sentence));
    let inner: &Error = error.get_ref().unwrap().downcast_ref().unwrap();
    assert_eq!(format!("{inner:?}"), debug);
}

#[test]
fn sources() {
    let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the cable is cut");
    let error = Error::io(Stage::Authentication, cut);
    assert_eq!(error.to_string(), "authentication failed");
    assert_eq!(error.source().unwrap().to_string(), "the cable is cut");
    assert_eq!(format!("{error:#}"), "authentication failed: the cable is cut");
    becomes(error, io::ErrorKind::ConnectionReset);
    let error = Error::method("no ticket");
    assert_eq!((error.to_string(), error.stage()), ("authentication failed".into(), Stage::Authentication));
    assert_eq!(error.source().unwrap().to_string(), "no ticket");
    becomes(error, io::ErrorKind::Other);
    let error = Error::from(Invalid::PortMissing);
    assert!(error.source().is_none());
    becomes(error, io::ErrorKind::InvalidInput);
    assert!(Error::io(Stage::Dial, io::ErrorKind::TimedOut.into()).is_timeout());
    assert!(!v5(b"\x05\x00\x05\x06").is_timeout(), "a reply came in time, and says no");
}

#[test]
fn stages() {
    for (stage, name) in [
        (Stage::Preparation, "preparation"),
        (Stage::Resolve, "name resolution"),
        (Stage::Dial, "connection to the proxy"),
        (Stage::MethodSelection, "method selection"),
        (Stage::Authentication, "authentication"),
        (Stage::Request, "request"),
        (Stage::SecondReply, "second reply"),
        (Stage::Association, "association"),
    ] {
        let error = Error::io(stage, io::ErrorKind::ConnectionReset.into());
        assert_eq!(error.to_string(), format!("{name} failed"));
        assert_eq!(error.stage(), stage);
    }
}

/// A proxy that grants BIND, and sends this while the client waits for the peer.
fn second_reply(answer: &'static [u8]) -> Error {
    let all = [b"\x05\x00\x05\x00\x00\x01\xC0\x00\x02\x07\x00\x15", answer].concat().leak();
    let mut listener = Socks5Listener::handshake(Says(Cursor::new(all)), &Auth::none(), "a:1").unwrap();
    listener.accept().map(drop).unwrap_err()
}

#[test]
fn what_a_second_reply_says() {
    for (answer, kind, sentence) in [
        (&b"\x05\x06"[..], io::ErrorKind::TimedOut, "refused: TTL expired, or no answer in time (X'06')"),
        (b"\x05\x02", DENIED, "refused: connection not allowed by ruleset (X'02')"),
        (b"\x04", DATA, "failed: the answer has X'04' as its VER"),
        (b"\x05\x00\x00\x02", DATA, "failed: the answer has X'02' as its ATYP"),
        (b"", EOF, "failed: the proxy closed the connection before it answered"),
        (b"\x05\x00\x00\x01", EOF, "failed: the proxy closed the connection after 4 bytes of its answer"),
    ] {
        let error = second_reply(answer);
        assert_eq!(error.to_string(), format!("target a:1: second reply {sentence}"));
        assert_eq!((error.stage(), error.proxy()), (Stage::SecondReply, None));
        assert!(!error.is_timeout(), "a reply came in time, and says no");
        becomes(error, kind);
    }
}

/// A proxy that grants an association with this relay, and closes the connection.
fn association(relay: &[u8]) -> Result<Socks5UdpSocket, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let reply = [&[5, 0, 5, 0, 0], relay].concat();
    let proxy = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        client.write_all(&reply[..2]).unwrap();
        client.read_exact(&mut [0; 10]).unwrap();
        client.write_all(&reply[2..]).unwrap();
    });
    let associated = Socks5UdpSocket::associate(format!("socks5h://user@{addr}"));
    proxy.join().unwrap();
    associated
}

#[test]
fn what_an_association_says() {
    let error = association(&[1, 127, 0, 0, 1, 0, 0]).unwrap_err();
    let named = error.proxy().unwrap().to_owned();
    assert!(named.starts_with("socks5h://user@127.0.0.1:"), "{named}");
    let sentence = format!("proxy {named}: association failed: no relay at 127.0.0.1:0: the port is 0");
    assert_eq!((error.to_string(), error.stage()), (sentence, Stage::Association));
    becomes(error, io::ErrorKind::AddrNotAvailable);
    let error = association(b"\x03\x05relay\0\x09").unwrap_err();
    let sentence = "association failed: no relay at relay:9: names from the proxy are not resolved on this \
                    machine; `?relay=proxy` in the proxy's URL, `Relay::ProxyAddress` or `Relay::by` can \
                    replace this one";
    assert_eq!(error.to_string(), format!("proxy {}: {sentence}", error.proxy().unwrap()));

    let ended = association(&[1, 127, 0, 0, 1, 0, 9]).unwrap().recv(&mut [0; 9]).unwrap_err();
    assert_eq!(ended.kind(), io::ErrorKind::ConnectionAborted);
    let sentence = "association ended: the proxy closed its TCP connection";
    assert_eq!(ended.to_string().split_once(": ").map(|(_, said)| said), Some(sentence));
    let error = ended.into_inner().unwrap().downcast::<Error>().unwrap();
    assert_eq!(error.stage(), Stage::Association);
    becomes(*error, io::ErrorKind::ConnectionAborted);
    for (end, sentence) in [
        (AssociationEnd::Closed, "the proxy closed its TCP connection"),
        (AssociationEnd::UnexpectedData, "the proxy sent something on its TCP connection unasked"),
        (
            AssociationEnd::Failed(io::ErrorKind::ConnectionReset),
            "its TCP connection failed: connection reset",
        ),
    ] {
        assert_eq!(end.to_string(), sentence);
    }
}

#[test]
fn what_is_no_datagram() {
    for (bytes, sentence) in [
        (&[][..], "the datagram ends before its header does"),
        (&[0, 0, 0, 1, 192, 0, 2, 7, 0], "the datagram ends before its header does"),
        (&[0, 0, 0, 9, 192, 0, 2, 7, 0, 53], "the datagram has X'09' as its ATYP"),
    ] {
        let error = Datagram::parse(bytes).unwrap_err();
        assert_eq!(error.to_string(), sentence);
        assert!(format!("{error:?}").ends_with(&format!(": {sentence}")), "{error:?}");
    }
}

#[test]
fn the_proxy_is_named() {
    support::case::limit_test();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let proxy: Proxy = format!("socks5h://user:pw@{addr}").parse().unwrap();
    let proxy = proxy.timeout(Duration::from_secs(1));
    let connect = || Socks5Stream::connect(&proxy, "192.0.2.1:1").unwrap_err();
    let error = connect();
    let silence = "the server accepted the connection and sent nothing: \
                   is it an HTTP proxy, or does it expect TLS?";
    let named = format!("proxy socks5h://user@{addr}, target 192.0.2.1:1");
    assert_eq!(error.to_string(), format!("{named}: method selection timed out: {silence}"));
    assert!(error.is_timeout() && matches!(error.kind(), ErrorKind::TimedOut));
    becomes(error, io::ErrorKind::TimedOut);
    drop(listener);
    let error = connect();
    let ErrorKind::Unreachable(attempts) = error.kind() else { panic!("{error}") };
    let (attempted, cause) = (attempts[0].address.clone(), attempts[0].error.to_string());
    assert_eq!((attempts.len(), attempted), (1, addr.to_string()));
    let url = format!("socks5h://user@{addr}");
    assert_eq!(error.proxy(), Some(&*url));
    assert_eq!(error.to_string(), format!("{named}: connection to the proxy failed: {addr}: {cause}"));
    assert!(!error.is_timeout() && error.source().is_none());
    becomes(error, io::ErrorKind::ConnectionRefused);
    // The caller's own mistake has nothing to do with the proxy.
    let error = Socks5Stream::connect(&proxy, "a").unwrap_err();
    let sentence = "\"a\": the port is missing: write host:port".into();
    assert_eq!((error.to_string(), error.proxy(), error.target()), (sentence, None, None));
}
