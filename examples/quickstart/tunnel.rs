//! Opens a tunnel to the target, with a driver that prints each step.

use crate::in_time::InTime;
use crate::story::Story;
use anysocks::blocking::dial;
use anysocks::protocol::{AnyRequest, Conversation, Established, Scratch, Step};
use anysocks::{AnyVersion, Error, Invalid, Proxy, Resolve, SocksProtocol, Stage, Target, Version};
use std::io::{self, Read, Write};
use std::net::ToSocketAddrs;
use std::time::Instant;

pub(crate) fn open(
    proxy: &Proxy,
    target: &Target<'_>,
    story: &mut Story<impl Write>,
) -> Result<InTime, Error> {
    if proxy.is_behind_tls() {
        // This example does not use TLS, so the password would leave in the clear.
        return Err(Invalid::TlsNotWrapped.into());
    }
    let until = proxy.limit().map(|limit| Instant::now() + limit);
    let target = match (proxy.resolves(), target.domain()) {
        (Resolve::Locally, Some(name)) => {
            let resolved = resolve(name, target.port(), proxy.protocol())?;
            story.tell("target resolved locally", &resolved);
            resolved
        }
        _ => target.borrowed(),
    };
    let talk = AnyVersion::connect(proxy.protocol(), target.borrowed())?;

    let mut stream = InTime { stream: dial(proxy)?, until };
    story.tell("proxy dialled", proxy);
    let established = converse(&mut stream, talk, &target, story)?;
    story.tell("bound address", &established.bound);
    Ok(stream)
}

/// Returns the first address that this version can request: SOCKS4 has no IPv6.
fn resolve(name: &str, port: u16, protocol: &SocksProtocol) -> Result<Target<'static>, Error> {
    // Names of onion services must not reach DNS (RFC 7686).
    if name.trim_end_matches('.').to_ascii_lowercase().ends_with(".onion") {
        return Err(Invalid::OnionResolvedLocally.into());
    }
    let failed = |error: io::Error| {
        Error::io(Stage::Resolve, io::Error::new(error.kind(), format!("{name}: {error}")))
    };
    let mut addrs = (name, port).to_socket_addrs().map_err(failed)?;
    match addrs.find(|addr| AnyVersion::carries(protocol, addr.ip())) {
        Some(addr) => Ok((addr.ip(), addr.port()).into()),
        None => Err(failed(io::Error::other("no address that this version of SOCKS can request"))),
    }
}

fn converse(
    stream: &mut InTime,
    mut talk: AnyRequest<'_>,
    target: &Target<'_>,
    story: &mut Story<impl Write>,
) -> Result<Established, Error> {
    let mut method = None;
    loop {
        let stage = talk.stage();
        let mut scratch = Scratch::new();
        let (wrote, moved) = match talk.step(&mut scratch) {
            Step::Write(bytes) => (true, stream.write(bytes)),
            Step::Read([]) => (false, Ok(0)),
            Step::Read(buf) => (false, stream.read(buf)),
            Step::Done(established) => return Ok(established),
        };
        talk.report(moved)?;
        if let (None, Some(chosen)) = (method, method_of(&talk)) {
            method = Some(chosen);
            story.tell("method chosen", method_name(chosen));
        }
        if wrote && stage == Stage::Request {
            story.tell("target asked for", target);
        }
    }
}

fn method_of(talk: &AnyRequest<'_>) -> Option<u8> {
    match talk {
        AnyRequest::V5(talk) => talk.method(),
        _ => None,
    }
}

fn method_name(code: u8) -> String {
    match code {
        0 => "no authentication (X'00')".into(),
        2 => "user name and password (X'02')".into(),
        code => format!("X'{code:02X}'"),
    }
}
