//! The greeting (RFC 1928 §3), METHOD selection, and METHOD X'02' (RFC 1929).

use super::eaf;
use super::fault::{Action, Point};
use super::judge::End;
use super::keys::tol_key;
use super::line::Line;
use super::sequence;
use std::collections::BTreeSet;

pub(crate) const NONE: u8 = 0x00;
pub(crate) const CREDENTIALS: u8 = 0x02;
pub(crate) const EAF: u8 = 0x80;
pub(crate) const TOL: u8 = 0x81;
pub(crate) const CHAINING: u8 = 0x82;
pub(crate) const NOT_ACCEPTABLE: u8 = 0xff;

/// Runs the negotiation. Returns whether a SOCKS5a method was negotiated.
pub(crate) fn negotiate(line: &mut Line) -> Result<bool, End> {
    let header = line.read_start(2)?;
    if header[0] != 5 {
        return Err(End::Violation(format!("a greeting of version {:02x}", header[0])));
    }
    let offered = line.read_exact(header[1].into())?;
    line.notes.get().offered.clone_from(&offered);
    line.nothing_early()?;
    let different: BTreeSet<_> = offered.iter().collect();
    if offered.is_empty() || different.len() != offered.len() {
        line.notes.violation(format!("a greeting with the METHODs {offered:02x?}"));
    }
    if line.setup().expects.as_ref().is_some_and(|expected| *expected != offered) {
        line.notes.violation(format!("a greeting with other METHODs than expected: {offered:02x?}"));
    }
    let accepted = line.setup().methods.iter().copied().find(|method| offered.contains(method));
    let selected = line.setup().selects.or(accepted).unwrap_or(NOT_ACCEPTABLE);
    line.at(Point::Selection)?;
    line.notes.get().records.start();
    line.send(&[5, selected])?;
    if selected != CHAINING {
        line.notes.get().methods.push(selected);
    }
    match selected {
        NONE => Ok(false),
        CREDENTIALS => credentials(line).map(|()| false),
        EAF => eaf::negotiate(line, None).map(|_| true),
        TOL => {
            let key = tol_key(&line.setup().tol.psk);
            line.switch_records_on(key).map(|()| true)
        }
        CHAINING => sequence::run(line).map(|()| true),
        NOT_ACCEPTABLE => Err(End::Refused),
        // A METHOD that has no sub-negotiation here: the client has to refuse it.
        _ => line.act(Action::Silence).map(|()| false),
    }
}

/// The sub-negotiation of METHOD X'02'.
pub(crate) fn credentials(line: &mut Line) -> Result<(), End> {
    let header = line.read_start(2)?;
    if header[0] != 1 {
        return Err(End::Violation(format!("a sub-negotiation of version {:02x}", header[0])));
    }
    let user = line.read_exact(header[1].into())?;
    let length = line.read_exact(1)?[0];
    let password = line.read_exact(length.into())?;
    line.nothing_early()?;
    line.at(Point::Status)?;
    if (user, password) == line.setup().credentials {
        return line.send(&[1, 0]);
    }
    line.send(&[1, 1])?;
    line.flush()?;
    Err(End::Refused)
}
