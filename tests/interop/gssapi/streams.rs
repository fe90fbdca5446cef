//! CONNECT and BIND.

use std::sync::{Arc, LazyLock};

use anysocks::gssapi::{Gssapi, Level, kerberos::Kerberos};
use anysocks::{Auth, Target};

use super::realm::Dante;
use super::relay::Relay;
use super::{CASE, Case, Client, PROTECTED, SERVICE, told};
use crate::bind::meet;
use crate::cases::{MEBIBYTE, echoed, half_closed, pattern, same};
use crate::tunnel::Opened;

pub(super) const CASES: &[Case] = &[
    Case { name: "connect", play: connect, ..PROTECTED },
    Case { name: "pipelined", play: pipelined, ..PROTECTED },
    Case { name: "split", play: split, fronts: |front| front.halves.is_some(), ..PROTECTED },
    Case { name: "bind", play: bind, ..PROTECTED },
    Case { name: "on_the_wire", play: on_the_wire, ..PROTECTED },
    Case { name: "authentication_only", play: authentication_only, ..CASE },
];

const TOTAL: usize = 16 * MEBIBYTE;

/// The lengths of writes: shorter and longer than a frame, and as long.
const LENGTHS: [usize; 10] = [1, 2, 1, 1459, 16_383, 16_384, 16_385, 65_535, 65_536, MEBIBYTE];

static BYTES: LazyLock<Arc<[u8]>> = LazyLock::new(|| pattern(TOTAL).into());

/// Pieces that are all of the bytes together.
fn pieces(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    for length in LENGTHS.iter().cycle() {
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    pieces
}

fn open(client: &Client<'_>, target: Target<'_>) -> Result<Opened, String> {
    let address = client.dante(Dante::Gssapi)?;
    client.open(address, Auth::gssapi(client.gssapi()), target).map_err(|error| told(&error))
}

/// Each piece is echoed before the next one is sent. Then comes the end of each direction.
fn connect(client: &Client<'_>) -> Result<(), String> {
    let mut opened = open(client, client.echo()?)?;
    // A stream with halves transfers all of them in `split`.
    let total = if client.front.halves.is_some() { 2 * MEBIBYTE } else { TOTAL };
    for piece in pieces(&BYTES[..total]) {
        echoed(&mut *opened.tunnel, piece)?;
    }
    let collector = Target::try_from(("::1", client.lab.destinations()?.collector));
    let mut opened = open(client, collector.map_err(|error| told(&error))?)?;
    half_closed(&mut *opened.tunnel)
}

/// The level and the request in one write.
fn pipelined(client: &Client<'_>) -> Result<(), String> {
    let auth = Auth::gssapi(client.gssapi()).pipelined(true);
    let mut opened =
        client.open(client.dante(Dante::Gssapi)?, auth, client.echo()?).map_err(|error| told(&error))?;
    echoed(&mut *opened.tunnel, &pattern(64 * 1024))
}

/// Writes in one half, and reads in the other at the same time.
fn split(client: &Client<'_>) -> Result<(), String> {
    let halves = client.front.halves.ok_or("this front end has no halves")?;
    let (proxy, auth) = (client.proxy(Dante::Gssapi)?, Auth::gssapi(client.gssapi()));
    let pieces = pieces(&BYTES).into_iter().map(<[u8]>::to_vec).collect();
    let heard = halves(&super::opening(&proxy, &auth, client.echo()?), pieces);
    same(&heard.map_err(|error| format!("{error:#?}"))?, &BYTES)
}

fn bind(client: &Client<'_>) -> Result<(), String> {
    let address = client.dante(Dante::Gssapi)?;
    let mut listener = client.bind(address, Auth::gssapi(client.gssapi())).map_err(|error| told(&error))?;
    meet(&mut *listener)
}

/// Echoed, and the name of the target, which no other message has in these letters.
const PLAIN: &[u8] = b"the plain text of the client and of the destination";
const PLAIN_NAME: &str = "LocalHost";

/// Integrity shows the plain text on the path, and confidentiality hides it.
fn on_the_wire(client: &Client<'_>) -> Result<(), String> {
    let is_shown = client.level == Level::Integrity;
    check_wire(client, Auth::gssapi(client.gssapi()), is_shown)
}

fn authentication_only(client: &Client<'_>) -> Result<(), String> {
    let gssapi = Gssapi::authentication_only(Kerberos::default_cache()).service(SERVICE);
    check_wire(client, Auth::gssapi(gssapi), true)
}

fn check_wire(client: &Client<'_>, auth: Auth, is_shown: bool) -> Result<(), String> {
    let relay = Relay::start(client.dante(Dante::Gssapi)?, None)?;
    let port = client.lab.destinations()?.echo;
    let target = Target::try_from((PLAIN_NAME, port)).map_err(|error| told(&error))?;
    let mut opened = client.open(relay.address, auth, target).map_err(|error| told(&error))?;
    echoed(&mut *opened.tunnel, PLAIN)?;
    let [sent, received] = relay.captured();
    let found = [(&sent, PLAIN), (&received, PLAIN), (&sent, PLAIN_NAME.as_bytes())]
        .map(|(bytes, plain)| bytes.windows(plain.len()).any(|window| window == plain));
    if found == [is_shown; 3] { Ok(()) } else { Err(format!("plain text was found: {found:?}")) }
}
