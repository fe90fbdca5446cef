//! UDP ASSOCIATE.

use std::io;

use anysocks::Target;
use anysocks::udp::{RecvBatch, SendBatch};

use super::realm::Dante;
use super::{Case, Client, PROTECTED, told};
use crate::association::Association;
use crate::cases::{pattern, same};

pub(super) const CASES: &[Case] =
    &[Case { name: "udp", play: udp, fronts: |front| front.associate.is_some(), ..PROTECTED }];

/// RFC 768: LEN is 16 bits, and includes the header. RFC 791: so does Total Length.
const LONGEST: usize = 65_535 - 20 - 8;

fn udp(client: &Client<'_>) -> Result<(), String> {
    let associate = client.front.associate.ok_or("this front end has no associations")?;
    let association = associate(&client.proxy(Dante::Gssapi)?, None).map_err(|error| told(&error))?;
    let target = client.echo()?;
    let max = association.max_payload(&target);
    for len in [0, 1, 1200, 8000, 60_000, max - 1, max] {
        echoed(&*association, &target, &pattern(len)).map_err(|error| format!("{len} bytes: {error}"))?;
    }
    let too_long = association.send_to(&pattern(max + 1), &target);
    if max >= LONGEST || !too_long.as_ref().is_err_and(is_too_long) {
        return Err(format!("{max} + 1 bytes: {too_long:?}"));
    }
    connected(&*association, &target).map_err(|error| format!("connected: {error}"))?;
    batched(&*association, &target).map_err(|error| format!("batched: {error}"))?;
    match association.dropped() {
        0 => Ok(()),
        dropped => Err(format!("{dropped} datagrams were dropped")),
    }
}

/// EMSGSIZE.
fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(90)
}

fn echoed(association: &dyn Association, target: &Target<'_>, payload: &[u8]) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    association.send_to(payload, target).map_err(failed)?;
    let mut buf = vec![0; LONGEST];
    let (len, source) = association.recv_from(&mut buf).map_err(failed)?;
    if source.to_string() != target.to_string() {
        return Err(format!("the source is {source}"));
    }
    same(&buf[..len], payload)
}

fn connected(association: &dyn Association, target: &Target<'_>) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    association.connect(target).map_err(failed)?;
    association.send(&pattern(1200)).map_err(failed)?;
    let mut buf = vec![0; LONGEST];
    let len = association.recv(&mut buf).map_err(failed)?;
    same(&buf[..len], &pattern(1200))
}

fn batched(association: &dyn Association, target: &Target<'_>) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    let payloads: Vec<_> = (1..=8).map(|n| pattern(n * 100)).collect();
    let (mut outgoing, mut incoming) = (SendBatch::new(), RecvBatch::new(8));
    for payload in &payloads {
        outgoing.push(payload, target).map_err(|error| told(&error))?;
    }
    while !outgoing.is_empty() {
        association.send_batch(&mut outgoing).map_err(failed)?;
    }
    let mut payloads = payloads.iter();
    while payloads.len() > 0 {
        association.recv_batch(&mut incoming).map_err(failed)?;
        for datagram in incoming.iter() {
            same(datagram.payload, payloads.next().ok_or("one too many")?)?;
        }
    }
    Ok(())
}
