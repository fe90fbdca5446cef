//! As much of the domain name system (RFC 1035) as one question and its answer need.

use std::net::Ipv4Addr;

/// What the lab's name server knows.
pub(crate) const NAME: &str = "answer.anysocks.test";
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

const ID: u16 = 0x5afe;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;

/// Queries a name's IPv4 addresses.
pub(crate) fn query(name: &str) -> Vec<u8> {
    const RECURSION_DESIRED: u16 = 0x0100;
    let header = [ID, RECURSION_DESIRED, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
    let labels = name.split('.').flat_map(|label| {
        let len = u8::try_from(label.len()).expect("a label has 63 bytes at most");
        [&[len], label.as_bytes()].concat()
    });
    let asked = [TYPE_A, CLASS_IN].map(u16::to_be_bytes).concat();
    header.into_iter().chain(labels).chain([0]).chain(asked).collect()
}

/// The IPv4 addresses in the answer to [`query`].
pub(crate) fn addresses(answer: &[u8]) -> Result<Vec<Ipv4Addr>, String> {
    read(answer).ok_or_else(|| format!("no answer: {}", answer.escape_ascii()))
}

fn read(message: &[u8]) -> Option<Vec<Ipv4Addr>> {
    const IS_ANSWER: u16 = 0x8000;
    const ERROR: u16 = 0x000f;
    let mut rest = message;
    let [id, flags, questions, answers, _, _] = [(); 6].map(|()| number(&mut rest));
    let flags = flags?;
    if id? != ID || flags & IS_ANSWER == 0 || flags & ERROR != 0 {
        return None;
    }
    for _ in 0..questions? {
        skip_name(&mut rest)?;
        rest = rest.get(4..)?;
    }
    let mut addresses = Vec::new();
    for _ in 0..answers? {
        skip_name(&mut rest)?;
        let (kind, _class) = (number(&mut rest)?, number(&mut rest)?);
        let _seconds_to_live = (number(&mut rest)?, number(&mut rest)?);
        let len = number(&mut rest)?;
        let (data, behind) = rest.split_at_checked(len.into())?;
        rest = behind;
        if kind == TYPE_A {
            addresses.push(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?));
        }
    }
    Some(addresses)
}

fn number(rest: &mut &[u8]) -> Option<u16> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u16::from_be_bytes(*number))
}

/// Labels up to the empty one, or to a pointer, which is the last too.
fn skip_name(rest: &mut &[u8]) -> Option<()> {
    loop {
        let (len, behind) = rest.split_first()?;
        match len {
            0 => *rest = behind,
            1..=63 => {
                *rest = behind.get(usize::from(*len)..)?;
                continue;
            }
            _ => *rest = behind.get(1..)?,
        }
        return Some(());
    }
}
