//! Headers of UDP datagrams: the input is a datagram from the proxy, and also FRAG, target and
//! payload of one to it.

use super::dice::Dice;
use anysocks::udp::{BadDatagram, Datagram, HEADROOM, Header, Source, overhead};
use anysocks::{Domain, Host, Target};
use std::net::SocketAddr;

pub(crate) fn holds(input: &[u8]) {
    match (Datagram::parse(input), datagram(input)) {
        (Ok(parsed), Ok(expected)) => {
            assert_eq!((parsed.fragment, source(&parsed), parsed.payload), expected);
            assert_eq!(parsed.payload.as_ptr_range().end, input.as_ptr_range().end, "lent, not copied");
            encodes_to(&parsed, input);
        }
        (Err(BadDatagram::Short), Err(None)) => {}
        (Err(BadDatagram::AddressType(byte)), Err(Some(expected))) => assert_eq!(byte, expected),
        (parsed, expected) => panic!("{parsed:?} instead of {expected:?}"),
    }
    decodes_to_itself(&mut Dice(input));
}

/// FRAG, the address as text, and the payload, by the simplest possible parser. If the datagram is
/// malformed, its unknown ATYP; if it is too short, nothing.
fn datagram(bytes: &[u8]) -> Result<(u8, String, &[u8]), Option<u8>> {
    let [_, _, fragment, atyp, rest @ ..] = bytes else { return Err(None) };
    let (address_at, address_len) = match atyp {
        1 => (0, 4),
        4 => (0, 16),
        3 => (1, usize::from(*rest.first().ok_or(None)?)),
        other => return Err(Some(*other)),
    };
    let port_at = address_at + address_len;
    let address = rest.get(address_at..port_at).ok_or(None)?;
    let port = rest.get(port_at..port_at + 2).ok_or(None)?;
    let port = u16::from_be_bytes(port.try_into().unwrap());
    let source = match atyp {
        1 => SocketAddr::from((<[u8; 4]>::try_from(address).unwrap(), port)).to_string(),
        4 => SocketAddr::from((<[u8; 16]>::try_from(address).unwrap(), port)).to_string(),
        _ => format!("{}:{port}", address.escape_ascii()),
    };
    Ok((*fragment, source, &rest[port_at + 2..]))
}

fn source(datagram: &Datagram<'_>) -> String {
    datagram.source.to_address().to_string()
}

/// A datagram from an address that can also be a target: its header is rendered as it was parsed,
/// except RSV.
fn encodes_to(parsed: &Datagram<'_>, input: &[u8]) {
    let target = match parsed.source {
        Source::Ip(addr) => Target::try_from(addr).ok(),
        Source::Name(name, port) => std::str::from_utf8(name)
            .ok()
            .and_then(|name| Domain::new(name).ok())
            .map(|name| Target::new(Host::Domain(name), port)),
        other => panic!("{other:?} is neither an address nor a name"),
    };
    if let Some(target) = target {
        let header = Header::new(&target).expect("an address or a name").fragment(parsed.fragment);
        assert_eq!([header.as_bytes(), parsed.payload].concat()[2..], input[2..]);
    }
}

fn decodes_to_itself(dice: &mut Dice<'_>) {
    let (fragment, target) = (dice.byte(), dice.target());
    let header = Header::new(&target).expect("an address or a name").fragment(fragment);
    let header_len = header.as_bytes().len();
    assert_eq!(header_len, overhead(&target), "{target}");
    assert!(header_len <= HEADROOM, "{target}");
    assert_eq!(header.as_bytes()[..2], [0, 0], "RSV");
    let sent = [header.as_bytes(), dice.0].concat();
    let parsed = Datagram::parse(&sent).unwrap();
    assert_eq!((parsed.fragment, source(&parsed), parsed.payload), (fragment, target.to_string(), dice.0));
    for len in 0..header_len {
        assert!(matches!(Datagram::parse(&sent[..len]), Err(BadDatagram::Short)), "{len} of {header_len}");
    }
}
