//! Chaining, METHOD X'82': selections one at a time, each followed by its sub-negotiation.

use super::eaf;
use super::fault::{Action, Fault, Point};
use super::greeting::{CREDENTIALS, EAF, NONE, NOT_ACCEPTABLE, TOL, credentials};
use super::judge::End;
use super::keys::{Key, tol_key};
use super::line::Line;

pub(crate) fn run(line: &mut Line) -> Result<(), End> {
    let mut session_key: Option<Key> = None;
    let sequence = line.setup().sequence.clone();
    let version = line.setup().fault(|fault| match fault {
        Fault::ChainVersion(version) => Some(*version),
        _ => None,
    });
    let version = version.unwrap_or(5);
    for (number, method) in sequence.iter().copied().enumerate() {
        line.at(Point::ChainSelection)?;
        if method == NONE {
            let behind = line.setup().fault(|fault| match fault {
                Fault::BehindTheChain(bytes) => Some(bytes.clone()),
                _ => None,
            });
            line.send(&[&[version, NONE][..], &behind.unwrap_or_default()].concat())?;
            return Ok(());
        }
        if method == TOL {
            // Records follow this selection.
            line.notes.get().records.start();
        }
        line.send(&[version, method])?;
        line.notes.get().methods.push(method);
        match method {
            CREDENTIALS => credentials(line)?,
            EAF => session_key = Some(eaf::negotiate(line, sequence.get(number + 1).copied())?),
            TOL => {
                let key = session_key.unwrap_or_else(|| tol_key(&line.setup().tol.psk));
                line.switch_records_on(key)?;
            }
            NOT_ACCEPTABLE => {
                line.flush()?;
                return Err(End::Refused);
            }
            // The client has to refuse it.
            _ => return line.act(Action::Silence),
        }
    }
    // The script has no end of the chain: the client waits for the next selection.
    line.act(Action::Silence)
}
