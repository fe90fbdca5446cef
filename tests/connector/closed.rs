//! A proxy that sends its refusal at once and closes the connection: the refusal is the error, and
//! not the write that fails.
//!
//! Only Linux keeps received bytes after a reset.

use super::messages::Speaks;
use super::scene::{BEHIND, TARGET, behind, error, play, serving};
use super::ways::hooks::{Does, Hook};
use super::ways::{Connecting, everywhere};
use crate::support::case::Case;
use crate::support::script::Line;
use anysocks::{Chain, ErrorKind, Reply};
use std::io::Write;
use std::net::SocketAddr;

/// The reset may arrive before or after the next write.
const ATTEMPTS: usize = 20;

/// What the proxy sends at once, after these lines.
struct Refusal {
    kinds: Vec<Speaks>,
    before: Vec<Line>,
    says: &'static [u8],
    kind: ErrorKind,
}

fn refusals() -> Vec<Refusal> {
    let refusal = |kinds: &[Speaks], says, kind| {
        let before = kinds[..kinds.len() - 1].iter().zip(BEHIND);
        let before = before.flat_map(|(kind, next)| kind.connection(next)).collect();
        Refusal { kinds: kinds.to_vec(), before, says, kind }
    };
    let refused = ErrorKind::Refused;
    let all = b"\x05\x00\x05\x04\x00\x01\xac\x10\xfe\x01\x1f\x90";
    vec![
        refusal(&[Speaks::Socks5], b"\x05\xFF", ErrorKind::MethodsRefused),
        refusal(&[Speaks::Socks5], all, refused(Reply::HOST_UNREACHABLE)),
        refusal(&[Speaks::Password], b"\x05\x02\x01\x01", ErrorKind::PasswordRefused(1)),
        refusal(&[Speaks::Password], b"\x05\x02\x01\x00\x05\x02", refused(Reply::NOT_ALLOWED)),
        refusal(&[Speaks::Socks4], b"\x00\x5B\0\0\0\0\0\0", refused(Reply::REJECTED)),
        refusal(&[Speaks::Socks4, Speaks::Socks5], all, refused(Reply::HOST_UNREACHABLE)),
        refusal(&[Speaks::Socks5, Speaks::Password], b"\x05\x02\x01\x01", ErrorKind::PasswordRefused(1)),
        refusal(&[Speaks::Password, Speaks::Socks4], b"\x00\x5B\0\0\0\0\0\0", refused(Reply::REJECTED)),
    ]
}

type Ask = fn(&dyn Connecting) -> anysocks::Error;

const ASKS: [Ask; 5] = [
    |connector| error(connector.connect(TARGET)),
    |connector| error(connector.connect_with_early_data(TARGET, b"GET / HTTP/1.1\r\n\r\n")),
    |connector| error(connector.connect_with_early_data(TARGET, &[b'x'; 1 << 16])),
    |connector| error(connector.bind("192.0.2.1:80")),
    |connector| error(connector.resolve("example.com")),
];

/// A proxy that reads nothing after these lines.
fn closing(refusal: &Refusal) -> SocketAddr {
    let (before, says) = (refusal.before.clone(), refusal.says);
    serving(move |mut client| {
        if play(&mut client, &before).is_ok() {
            // The client may have closed the connection.
            let _ = client.write_all(says);
        }
    })
}

fn assert_refused(failed: &anysocks::Error, refusal: &Refusal) {
    assert_eq!(format!("{:?}", failed.kind()), format!("{:?}", refusal.kind), "{failed:?}");
    let hops = refusal.kinds.len();
    assert_eq!(failed.hop(), (hops > 1).then_some(hops), "{failed:?}");
}

#[test]
fn whatever_is_asked_for() {
    for refusal in refusals() {
        let addr = closing(&refusal);
        everywhere(|way| {
            for (n, ask) in ASKS.into_iter().enumerate() {
                let _case = Case::new(format!("{:?}, {:?}, {n}", refusal.kinds, refusal.kind));
                let connector = (way.new)(behind(addr, &refusal.kinds));
                for _ in 0..ATTEMPTS {
                    assert_refused(&ask(&*connector), &refusal);
                }
            }
        });
    }
}

/// The write fails in the flush, if the stream has a buffer.
#[test]
fn through_what_wraps_the_stream() {
    for refusal in refusals() {
        let addr = closing(&refusal);
        everywhere(|way| {
            for does in [|| Does::Shrink, || Does::ShrinkAndKeep] {
                let _case = Case::new(format!("{:?}, {:?}", refusal.kinds, refusal.kind));
                let hook: Hook = Box::new(move |_| does());
                let connector = (way.wrapped)(behind(addr, &refusal.kinds).into(), hook);
                for ask in ASKS {
                    for _ in 0..ATTEMPTS {
                        assert_refused(&ask(&*connector), &refusal);
                    }
                }
            }
        });
    }
}

#[test]
fn an_association() {
    for refusal in refusals() {
        let [kind] = refusal.kinds[..] else { continue };
        if kind == Speaks::Socks4 {
            continue;
        }
        let addr = closing(&refusal);
        everywhere(|way| {
            let connector = (way.new)(Chain::from(kind.at(addr)));
            for _ in 0..ATTEMPTS {
                assert_refused(&error(connector.associate()), &refusal);
            }
        });
    }
}
