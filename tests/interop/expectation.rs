//! The expected results of anysocks, from the table's row of a server.

use std::io;
use std::net::SocketAddr;

use anysocks::{Address, Error, ErrorKind, Stage, Target};

use crate::capabilities::{Bound, Failure, Outcome, Relay};
use crate::tunnel::{Opened, Tunnel};

/// Success, or one of these.
pub(crate) type Expected = Result<(), Vec<Failure>>;

pub(crate) fn one(outcome: Outcome) -> Expected {
    outcome.map_err(|failure| vec![failure])
}

/// Checks the outcome of a connection. Returns a tunnel only if one is expected.
pub(crate) fn check(
    opened: Result<Opened, Error>,
    expected: &Expected,
    hang_up_at: Stage,
) -> Result<Option<Opened>, String> {
    match (opened, expected) {
        (Ok(opened), Ok(())) => Ok(Some(opened)),
        (Ok(mut opened), Err(failures)) if failures.contains(&Failure::AfterSuccess) => {
            ends(&mut *opened.tunnel).map(|()| None)
        }
        (Err(error), Err(failures)) if failures.iter().any(|failure| is(*failure, &error, hang_up_at)) => {
            Ok(None)
        }
        (Ok(opened), Err(failures)) => {
            Err(format!("expected {failures:?}, got a tunnel from {}", opened.bound))
        }
        (Err(error), expected) => Err(format!("expected {expected:?}, got {error:?}: {error}")),
    }
}

/// Checks that an error reports this failure.
pub(crate) fn check_failure(expected: Failure, error: &Error, hang_up_at: Stage) -> Result<(), String> {
    if is(expected, error, hang_up_at) {
        Ok(())
    } else {
        Err(format!("expected {expected:?}, got {error:?}: {error}"))
    }
}

/// Returns whether the error contains the server's reply, and nothing else.
fn is(failure: Failure, error: &Error, hang_up_at: Stage) -> bool {
    match (failure, error.stage(), error.kind()) {
        (Failure::Method, Stage::MethodSelection, ErrorKind::MethodsRefused) => true,
        (Failure::Status(sent), Stage::Authentication, ErrorKind::PasswordRefused(told)) => sent == *told,
        (Failure::Reply(sent), Stage::Request | Stage::SecondReply, ErrorKind::Refused(reply)) => {
            sent == reply.code()
        }
        (Failure::Alien([sent, ..]), Stage::Request, ErrorKind::NotSocks { first }) => sent == first,
        (Failure::HangUp, stage, ErrorKind::EndedEarly { received: 0 }) => stage == hang_up_at,
        (Failure::HangUp, stage, ErrorKind::Io(error)) => stage == hang_up_at && is_reset(error),
        _ => false,
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// The tunnel must be a dead end.
fn ends(tunnel: &mut dyn Tunnel) -> Result<(), String> {
    match tunnel.exchange(b"?", Some(1)) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof || is_reset(&error) => Ok(()),
        other => Err(format!("expected the tunnel's end, got {other:?}")),
    }
}

/// Checks the address in a grant.
pub(crate) fn check_bound(
    bound: Bound,
    told: &Address,
    target: &Target<'_>,
    proxy: SocketAddr,
) -> Result<(), String> {
    let fits = match bound {
        Bound::Own => told.socket_addr() == Some(proxy),
        Bound::Constant(address) => told.to_string() == address,
        Bound::Real => told.socket_addr().is_some_and(|told| {
            let same_family = target.ip().is_none_or(|ip| ip.is_ipv4() == told.is_ipv4());
            told.ip().is_loopback() && told.port() != 0 && same_family
        }),
    };
    if fits { Ok(()) } else { Err(format!("expected {bound:?} for {target}, got {told}")) }
}

/// Checks the source of a datagram, as the proxy reports it.
pub(crate) fn check_source(relay: Relay, told: &Address, target: &Target<'_>) -> Result<(), String> {
    let is_target = match (target.domain(), told) {
        (Some(name), Address::Name(told, _)) => relay.tells_names && told.as_bytes() == name.as_bytes(),
        (Some(_), told) => !relay.tells_names && told.ip().is_some_and(|told| told.is_loopback()),
        (None, told) => told.ip() == target.ip(),
    };
    if is_target && told.port() == target.port() {
        Ok(())
    } else {
        Err(format!("a datagram from {target} was said to come from {told}"))
    }
}
