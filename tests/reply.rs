//! The codes of replies: their numbers, their words, and what follows from them.

use anysocks::blocking::{Socks4Stream, Socks5Stream};
use anysocks::{Auth, Error, Reply, UserId};
use std::io::{self, ErrorKind, Read, Write};

/// Code, constant, words, whether to try again, and the I/O error that it becomes.
const CODES: [(u8, Reply, &str, bool, ErrorKind); 21] = [
    (0x00, Reply::SUCCEEDED, "succeeded", false, ErrorKind::Other),
    (0x01, Reply::GENERAL_FAILURE, "general SOCKS server failure", true, ErrorKind::Other),
    (0x02, Reply::NOT_ALLOWED, "connection not allowed by ruleset", false, ErrorKind::PermissionDenied),
    (0x03, Reply::NETWORK_UNREACHABLE, "network unreachable", true, ErrorKind::NetworkUnreachable),
    (0x04, Reply::HOST_UNREACHABLE, "host unreachable", true, ErrorKind::HostUnreachable),
    (0x05, Reply::CONNECTION_REFUSED, "connection refused", true, ErrorKind::ConnectionRefused),
    (0x06, Reply::TTL_EXPIRED, "TTL expired", true, ErrorKind::TimedOut),
    (0x07, Reply::COMMAND_NOT_SUPPORTED, "command not supported", false, ErrorKind::Unsupported),
    (0x08, Reply::ADDRESS_TYPE_NOT_SUPPORTED, "address type not supported", false, ErrorKind::Unsupported),
    (0x5A, Reply::GRANTED, "request granted", false, ErrorKind::Other),
    (0x5B, Reply::REJECTED, "request rejected or failed", true, ErrorKind::Other),
    (
        0x5C,
        Reply::NO_IDENTD,
        "the proxy can't connect to the client's identd",
        true,
        ErrorKind::PermissionDenied,
    ),
    (
        0x5D,
        Reply::OTHER_USER_ID,
        "the client's identd reports another user id",
        false,
        ErrorKind::PermissionDenied,
    ),
    (
        0xF0,
        Reply::ONION_NOT_FOUND,
        "onion service descriptor can't be found",
        true,
        ErrorKind::HostUnreachable,
    ),
    (0xF1, Reply::ONION_INVALID, "onion service descriptor is invalid", false, ErrorKind::Other),
    (0xF2, Reply::ONION_INTRODUCTION_FAILED, "onion service introduction failed", true, ErrorKind::Other),
    (0xF3, Reply::ONION_RENDEZVOUS_FAILED, "onion service rendezvous failed", true, ErrorKind::Other),
    (
        0xF4,
        Reply::ONION_AUTH_MISSING,
        "onion service wants client authorization",
        false,
        ErrorKind::PermissionDenied,
    ),
    (
        0xF5,
        Reply::ONION_AUTH_WRONG,
        "onion service does not accept the client authorization",
        false,
        ErrorKind::PermissionDenied,
    ),
    (0xF6, Reply::ONION_BAD_ADDRESS, "onion service address is malformed", false, ErrorKind::Other),
    (0xF7, Reply::ONION_TIMED_OUT, "onion service introduction timed out", true, ErrorKind::TimedOut),
];

struct Answers([u8; 4], usize);

impl Read for Answers {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = (&self.0[self.1..]).read(buf)?;
        self.1 += n;
        Ok(n)
    }
}

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refused(error: Error, code: u8, kind: ErrorKind) {
    assert_eq!(error.reply(), Some(Reply(code)));
    assert_eq!(error.to_string(), format!("request refused: {}", Reply(code)));
    assert!(!error.is_timeout());
    assert_eq!(io::Error::from(error).kind(), kind);
}

/// The code comes through both versions as it was sent.
fn comes_through(code: u8, kind: ErrorKind) {
    if code != Reply::SUCCEEDED.0 {
        let v5 = Socks5Stream::handshake(Answers([5, 0, 5, code], 0), &Auth::none(), "a:1");
        refused(v5.map(drop).unwrap_err(), code, kind);
    }
    if code != Reply::GRANTED.0 {
        let v4 = Socks4Stream::handshake(Answers([0, code, 0, 0], 0), &UserId::none(), "a:1");
        refused(v4.map(drop).unwrap_err(), code, kind);
    }
}

#[test]
fn named_codes() {
    for (code, reply, words, is_retryable, kind) in CODES {
        assert_eq!((reply, reply.0, Reply::from(code)), (Reply(code), code, reply));
        assert_eq!(reply.to_string(), format!("{words} (X'{code:02X}')"));
        assert_eq!(reply.is_retryable(), is_retryable, "{reply}");
        comes_through(code, kind);
    }
}

#[test]
fn all_other_codes() {
    let named = |code| CODES.iter().any(|named| named.0 == code);
    for code in (0..=0xFF).filter(|&code| !named(code)) {
        let reply = Reply(code);
        assert_eq!(reply.to_string(), format!("unassigned reply (X'{code:02X}')"));
        assert!(!reply.is_retryable());
        comes_through(code, ErrorKind::Other);
    }
}
