//! A frame that can't be sealed: it is missing behind those before it, so the direction ends.

use crate::scene::TARGET;
use crate::support::blocked::send;
use crate::support::methods::numbered::{MOST, Side};
use crate::support::methods::short;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::ways::everywhere;
use anysocks::Stage;
use anysocks::protocol::{Encapsulation, FrameError, Negotiated, Seal};
use std::io::{ErrorKind, Read, Write};

const CODE: u8 = 0xC1;
const REFUSED: &[u8] = b"no key for this";

/// Seals numbered frames, but not this content.
struct Choosy(Side);

impl Seal for Choosy {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        if plain == REFUSED { Err("no key".into()) } else { self.0.seal(plain, frames) }
    }
}

fn negotiated() -> Negotiated {
    Encapsulation::new(Choosy(Side::client(CODE)), Side::proxy(CODE)).into()
}

/// No later write, flush or shutdown succeeds, and nothing more is sent.
#[test]
fn nothing_follows_one() {
    everywhere(|way| {
        let (mut out, mut back) = (Side::client(CODE), Side::proxy(CODE));
        let request = out.frames(&crate::messages::Speaks::Socks5.request(1, TARGET), MOST);
        let reply = back.frame(&crate::messages::Speaks::Socks5.granted(crate::messages::BOUND));
        let lines = [short::lines(CODE), vec![client(request), proxy(Stage::Request, reply)]].concat();
        let server = Server::start(lines, |mut stream| {
            let mut rest = Vec::new();
            // The client closes with what it could not send, or resets.
            let _ = stream.read_to_end(&mut rest);
            rest
        });
        let proxy = server.proxy().auth(short::auth(CODE, negotiated)).expect("SOCKS5");
        let (_, mut stream) = (way.new)(proxy.into()).connect(TARGET).expect("a tunnel");
        send(&mut *stream, b"first").expect("an open stream");
        for _ in 0..2 {
            for failed in [stream.write(REFUSED).map(drop), stream.flush(), stream.write(b"x").map(drop)] {
                assert_eq!(failed.expect_err("a gap").kind(), ErrorKind::InvalidData);
            }
        }
        drop(stream);
        assert_eq!(server.join(), out.frame(b"first"));
    });
}
