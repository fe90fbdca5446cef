//! The codes of replies: their numbers, their words, and what follows from them.

use anysocks::blocking::{Socks4Stream, Socks5Stream};
use anysocks::{Auth, Error, Reply, UserId};
use std::io::{self, ErrorKind, Read, Write};

/// Code, constant, words, whether to try again, and the I/O error that it becomes.
const NAMED: [(Reply, Reply, &str, bool, ErrorKind); 21] = [
    (Reply::V5(0x00), Reply::SUCCEEDED, "succeeded", false, ErrorKind::Other),
    (
        Reply::V5(0x01),
        Reply::GENERAL_FAILURE,
        "general SOCKS server failure, or a name that can't be resolved",
        true,
        ErrorKind::Other,
    ),
    (
        Reply::V5(0x02),
        Reply::NOT_ALLOWED,
        "connection not allowed by ruleset",
        false,
        ErrorKind::PermissionDenied,
    ),
    (
        Reply::V5(0x03),
        Reply::NETWORK_UNREACHABLE,
        "network unreachable, or a name that can't be resolved",
        true,
        ErrorKind::NetworkUnreachable,
    ),
    (
        Reply::V5(0x04),
        Reply::HOST_UNREACHABLE,
        "host unreachable, or a name that can't be resolved",
        true,
        ErrorKind::HostUnreachable,
    ),
    (
        Reply::V5(0x05),
        Reply::CONNECTION_REFUSED,
        "connection refused, or a name that can't be resolved",
        true,
        ErrorKind::ConnectionRefused,
    ),
    (Reply::V5(0x06), Reply::TTL_EXPIRED, "TTL expired, or no answer in time", true, ErrorKind::TimedOut),
    (Reply::V5(0x07), Reply::COMMAND_NOT_SUPPORTED, "command not supported", false, ErrorKind::Unsupported),
    (
        Reply::V5(0x08),
        Reply::ADDRESS_TYPE_NOT_SUPPORTED,
        "address type not supported, or port 0",
        false,
        ErrorKind::Unsupported,
    ),
    (Reply::V4(0x5A), Reply::GRANTED, "request granted", false, ErrorKind::Other),
    (
        Reply::V4(0x5B),
        Reply::REJECTED,
        "request rejected or failed, or names are not supported",
        true,
        ErrorKind::Other,
    ),
    (
        Reply::V4(0x5C),
        Reply::NO_IDENTD,
        "the proxy can't connect to the client's identd",
        true,
        ErrorKind::PermissionDenied,
    ),
    (
        Reply::V4(0x5D),
        Reply::OTHER_USER_ID,
        "the client's identd reports another user id",
        false,
        ErrorKind::PermissionDenied,
    ),
    (
        Reply::V5(0xF0),
        Reply::ONION_NOT_FOUND,
        "onion service descriptor can't be found",
        true,
        ErrorKind::HostUnreachable,
    ),
    (Reply::V5(0xF1), Reply::ONION_INVALID, "onion service descriptor is invalid", false, ErrorKind::Other),
    (
        Reply::V5(0xF2),
        Reply::ONION_INTRODUCTION_FAILED,
        "onion service introduction failed",
        true,
        ErrorKind::Other,
    ),
    (
        Reply::V5(0xF3),
        Reply::ONION_RENDEZVOUS_FAILED,
        "onion service rendezvous failed",
        true,
        ErrorKind::Other,
    ),
    (
        Reply::V5(0xF4),
        Reply::ONION_AUTH_MISSING,
        "onion service wants client authorization",
        false,
        ErrorKind::PermissionDenied,
    ),
    (
        Reply::V5(0xF5),
        Reply::ONION_AUTH_WRONG,
        "onion service does not accept the client authorization",
        false,
        ErrorKind::PermissionDenied,
    ),
    (
        Reply::V5(0xF6),
        Reply::ONION_BAD_ADDRESS,
        "onion service address is malformed",
        false,
        ErrorKind::Other,
    ),
    (
        Reply::V5(0xF7),
        Reply::ONION_TIMED_OUT,
        "onion service introduction timed out",
        true,
        ErrorKind::TimedOut,
    ),
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

fn refused(error: Error, reply: Reply, kind: ErrorKind) {
    assert_eq!(error.reply(), Some(reply));
    assert_eq!(error.to_string(), format!("target a:1: request refused: {reply}"));
    assert!(!error.is_timeout());
    assert_eq!(io::Error::from(error).kind(), kind);
}

/// A proxy of its version refuses with it.
fn comes_through(reply: Reply, kind: ErrorKind) {
    match reply {
        Reply::SUCCEEDED | Reply::GRANTED => {}
        Reply::V5(code) => {
            let v5 = Socks5Stream::handshake(Answers([5, 0, 5, code], 0), &Auth::none(), "a:1");
            refused(v5.map(drop).unwrap_err(), reply, kind);
        }
        Reply::V4(code) => {
            let v4 = Socks4Stream::handshake(Answers([0, code, 0, 0], 0), &UserId::none(), "a:1");
            refused(v4.map(drop).unwrap_err(), reply, kind);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn named_codes() {
    for (reply, named, words, is_retryable, kind) in NAMED {
        assert_eq!(reply, named);
        assert_eq!(reply.to_string(), format!("{words} (X'{:02X}')", reply.code()));
        assert_eq!(reply.is_retryable(), is_retryable, "{reply}");
        comes_through(reply, kind);
    }
}

/// The codes of one version are none of the other's.
#[test]
fn all_other_codes() {
    const PORT_IN_USE: Reply = Reply::V5(9);
    let all = (0..=0xFF).flat_map(|code| [Reply::V4(code), Reply::V5(code)]);
    let mut unassigned = 0;
    for reply in all.filter(|reply| NAMED.iter().all(|named| named.0 != *reply)) {
        unassigned += 1;
        let where_sent = if reply == PORT_IN_USE { ", sent where a port to listen on is in use" } else { "" };
        assert_eq!(reply.to_string(), format!("unassigned reply{where_sent} (X'{:02X}')", reply.code()));
        assert!(!reply.is_retryable());
        comes_through(reply, ErrorKind::Other);
    }
    assert_eq!(unassigned, 2 * 256 - NAMED.len());
}
