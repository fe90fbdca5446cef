//! Messages that are spoiled on the way from the proxy to the client.

use std::io;

use anysocks::gssapi::{Error, Order};
use anysocks::{Auth, ErrorKind, Stage};

use super::realm::Dante;
use super::relay::{CONTEXT, DATA, Fault, LEVEL, Relay};
use super::{Case, Client, PROTECTED, told};
use crate::cases::{echoed, pattern, same};
use crate::tunnel::Tunnel;

pub(super) const CASES: &[Case] = &[
    Case { name: "faults", play: faults, ..PROTECTED },
    Case { name: "handshake_faults", play: handshake_faults, ..PROTECTED },
];

/// The number of right frames with data before the spoiled one.
const BEFORE: usize = 3;

fn faults(client: &Client<'_>) -> Result<(), String> {
    for fault in [Fault::Flip, Fault::Drop, Fault::Swap, Fault::Double, Fault::Cut] {
        endure(client, fault).map_err(|failure| format!("{fault:?}: {failure}"))?;
    }
    Ok(())
}

fn endure(client: &Client<'_>, fault: Fault) -> Result<(), String> {
    // The reply is a frame too.
    let relay = Relay::start(client.dante(Dante::Gssapi)?, Some((fault, (DATA, BEFORE + 2))))?;
    let auth = Auth::gssapi(client.gssapi());
    let mut opened = client.open(relay.address, auth, client.echo()?).map_err(|error| told(&error))?;
    relay.wait_for_frame()?;
    let tunnel = &mut *opened.tunnel;
    let payload = pattern(1000);
    for _ in 0..BEFORE {
        echoed(tunnel, &payload)?;
        relay.wait_for_frame()?;
    }
    let send = |tunnel: &mut dyn Tunnel| {
        tunnel.exchange(&payload, Some(0)).map_err(|error| format!("a write: {error}"))?;
        relay.wait_for_frame()
    };
    send(tunnel)?;
    match fault {
        // The first one of the two is right.
        Fault::Double => echoed_earlier(tunnel, &payload)?,
        Fault::Drop | Fault::Swap => send(tunnel)?,
        Fault::Flip | Fault::Cut => {}
    }
    let error = refused(tunnel)?;
    check(fault, &error)?;
    // It stays refused.
    refused(tunnel).map(drop)
}

fn echoed_earlier(tunnel: &mut dyn Tunnel, payload: &[u8]) -> Result<(), String> {
    let heard = tunnel.exchange(b"", Some(payload.len())).map_err(|error| error.to_string())?;
    same(&heard, payload)
}

/// The error in place of the next byte.
fn refused(tunnel: &mut dyn Tunnel) -> Result<io::Error, String> {
    match tunnel.exchange(b"", Some(1)) {
        Ok(bytes) => Err(format!("{bytes:?} was delivered")),
        Err(error) => Ok(error),
    }
}

fn check(fault: Fault, error: &io::Error) -> Result<(), String> {
    let fits = match (fault, Error::of(error)) {
        (Fault::Cut, None) => error.kind() == io::ErrorKind::UnexpectedEof,
        (Fault::Flip, Some(Error::Mechanism(_)))
        | (Fault::Drop | Fault::Swap, Some(Error::OutOfOrder(Order::Gap)))
        | (Fault::Double, Some(Error::OutOfOrder(Order::Repeated))) => {
            error.kind() == io::ErrorKind::InvalidData
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("another error: {error:?}")) }
}

/// In the proxy's token, level and reply.
fn handshake_faults(client: &Client<'_>) -> Result<(), String> {
    for mtyp in [CONTEXT, LEVEL, DATA] {
        for fault in [Fault::Flip, Fault::Double, Fault::Cut] {
            let relay = Relay::start(client.dante(Dante::Gssapi)?, Some((fault, (mtyp, 1))))?;
            let auth = Auth::gssapi(client.gssapi());
            let error = match (client.open(relay.address, auth, client.echo()?), mtyp, fault) {
                (Err(error), ..) => error,
                // The second reply is where data begin.
                (Ok(mut opened), DATA, Fault::Double) => {
                    check(fault, &refused(&mut *opened.tunnel)?)?;
                    continue;
                }
                (Ok(_), ..) => return Err(format!("{fault:?} of {mtyp}: a tunnel")),
            };
            let found = Error::of(&error);
            let fits = match (mtyp, fault) {
                (_, Fault::Flip) => matches!(found, Some(Error::Mechanism(_))),
                (CONTEXT, Fault::Double) => matches!(found, Some(Error::TokenUnexpected)),
                (_, Fault::Double) => matches!(found, Some(Error::Malformed { field: "MTYP", byte: LEVEL })),
                (DATA, _) => matches!(error.kind(), ErrorKind::EndedEarly { .. }),
                _ => matches!(error.kind(), ErrorKind::ClosedDuringMethod { .. }),
            };
            let stage = if mtyp == DATA || (mtyp, fault) == (LEVEL, Fault::Double) {
                Stage::Request
            } else {
                Stage::Authentication
            };
            if !fits || error.stage() != stage {
                return Err(format!("{fault:?} of {mtyp}: {error:?}: {}", told(&error)));
            }
        }
    }
    Ok(())
}
