//! The reason of a failure as text. Equal events have equal texts, also on different systems. The
//! proxy's URL is left out.

use super::event::Event;
use super::failure::{Defect, Failure};
use crate::error::{Error, ErrorKind};
use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Returns the stage that failed, and why: the event, the proxy's code, or the system's error.
pub(super) fn reason(failure: &Failure, timeout: Duration) -> String {
    match (failure, Event::of(failure)) {
        (Failure::Datagrams { relay, proxy, declared_source, dropped, .. }, Some(Event::Silence)) => {
            let except = if *dropped { " but malformed datagrams or incomplete fragments" } else { "" };
            let tried = if *declared_source { ", with a declared source (0.0.0.0:0) too" } else { "" };
            Event::Silence.text(timeout) + except + tried + &advice(*relay, *proxy)
        }
        (Failure::Datagrams { relay, error, .. }, event) => {
            format!(
                "relay {relay}: {}",
                event.map_or_else(|| system(error, timeout), |event| event.text(timeout))
            )
        }
        (Failure::Socks(error), _) => of_socks(error, timeout),
        (Failure::DeadEnd(_), Some(event)) => format!("granted, but {}", event.text(timeout)),
        (Failure::Local(error), _) => system(error, timeout),
        (
            Failure::Wrapper(error)
            | Failure::DeadEnd(error)
            | Failure::Bound(_, Defect::NoConnection(error)),
            _,
        ) => format!("{failure}: {}", system(error, timeout)),
        (Failure::NotTried(_) | Failure::Bound(..), _) => failure.to_string(),
    }
}

/// The same for an error of SOCKS.
pub(super) fn of_socks(error: &Error, timeout: Duration) -> String {
    match (error.kind(), Event::of_socks(error)) {
        (_, Some(event)) => format!("{} failed: {}", error.stage(), event.text(timeout)),
        (ErrorKind::Invalid(invalid), _) => invalid.to_string(),
        (ErrorKind::Unreachable(attempts), _) => {
            let attempts = attempts.iter().map(|a| format!("{}: {}", a.address, system(&a.error, timeout)));
            format!("{} failed: {}", error.stage(), attempts.collect::<Vec<_>>().join("; "))
        }
        (kind, _) => {
            let text = format!("{} {kind}", error.stage());
            error.source().map_or(text.clone(), |source| format!("{text}: {}", of_source(source, timeout)))
        }
    }
}

fn of_source(source: &(dyn StdError + 'static), timeout: Duration) -> String {
    if let Some(error) = source.downcast_ref::<Error>() {
        return of_socks(error, timeout);
    }
    if let Some(error) = source.downcast_ref::<io::Error>() {
        return system(error, timeout);
    }
    match source.source() {
        Some(cause) => format!("{source}: {}", of_source(cause, timeout)),
        None => source.to_string(),
    }
}

/// The kind of a system's error: its text is the same on each system.
fn system(error: &io::Error, timeout: Duration) -> String {
    if let Some(inner) = error.get_ref() {
        return of_source(inner, timeout);
    }
    match error.kind().to_string() {
        // The standard library has no kind for some of them.
        kind if kind == "uncategorized error" => error.to_string(),
        kind => kind,
    }
}

/// Returns what to try if no datagram comes back: an address in the reply may be one that only
/// the proxy's own network knows.
fn advice(relay: SocketAddr, proxy: IpAddr) -> String {
    if relay.ip() == proxy {
        return String::new();
    }
    format!(
        "; the relay {relay} is not at the proxy's address {proxy}: \
         try `?relay=proxy` in the proxy's URL, or `Relay::ProxyAddress`"
    )
}
