//! Refusals with details: the input is the chunks, and then the reply of the proxy.

use super::super::conversation::{Heard, Messages, Reason, Reference, check};
use super::super::dice::Dice;
use super::{NEGOTIATED, sequence, target};
use anysocks::Stage;
use anysocks::protocol::Socks5;

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let chunks = dice.chunks();
    // What a proxy grants is for the target `socks5`.
    let code = dice.byte().max(1);
    let wire = [NEGOTIATED, &[5, code], dice.0].concat();
    let auth = sequence();
    check(|| Socks5::connect(&auth, target()).expect("a request"), &Refused, &wire, chunks);
}

struct Refused;

impl Reference for Refused {
    fn read(&self, wire: &[u8]) -> (Heard, Messages) {
        let (greeting, request) = (b"\x05\x01\x82".to_vec(), b"\x05\x01\x00\x03\x03a.b\x00\x50".to_vec());
        let wants = |least, stage, received| Heard::Wants { least, stage, received };
        match wire.len() {
            // The greeting has a METHOD, whose answer may be all that follows.
            received @ 0..2 => (wants(2 - received, Stage::MethodSelection, received), vec![greeting]),
            // The crate counts no bytes of a METHOD.
            received @ 2..4 => (wants(4 - received, Stage::Authentication, 0), vec![greeting]),
            _ => (reply(&wire[4..]), vec![greeting, request]),
        }
    }
}

pub(crate) fn reply(wire: &[u8]) -> Heard {
    let stage = Stage::Request;
    let failed = |reason| Heard::Failed((stage, reason));
    let cut = |least| Heard::Refused { least, failure: (stage, Reason::Extended(wire[1], None)) };
    match *wire {
        [] | [_] => Heard::Wants { least: 7 - wire.len(), stage, received: wire.len() },
        [_, code @ (1..=8 | 0x11..), ..] => failed(Reason::Refused(code)),
        [_, _] | [_, _, _] | [_, _, _, 1] | [_, _, _, 1, _] => cut(6 - wire.len()),
        [_, code, _, 1, high, low, ref details @ ..] => match usize::from(high) * 256 + usize::from(low) {
            // An IPv4 address.
            0 | 1 | 1027.. => failed(Reason::Extended(code, None)),
            len if len > details.len() => cut(len - details.len()),
            len => {
                let message = shown(&String::from_utf8_lossy(&details[2..len]));
                let number = u16::from(details[0]) * 256 + u16::from(details[1]);
                failed(Reason::Extended(code, Some((number, message))))
            }
        },
        [_, code, ..] => failed(Reason::Extended(code, None)),
    }
}

/// The text with escapes for all but printable characters. Quotes and backslashes are printable,
/// though `escape_debug` escapes them.
fn shown(text: &str) -> String {
    let printable = ['\'', '"', '\\'];
    let parts = text.split_inclusive(printable).map(|part| {
        let end = part.len() - usize::from(part.ends_with(printable));
        format!("{}{}", part[..end].escape_debug(), &part[end..])
    });
    parts.collect()
}
