//! Targets that are names: sent to the proxy unchanged, or resolved on this machine with the
//! option.

use crate::scene::{Scene, Setting, datagram, everywhere, inner, on_all};
use anysocks::udp::{HEADROOM, SendBatch};
use anysocks::{ErrorKind, Invalid, Resolve};
use std::io;

const NAME: &str = "localhost:53";

fn resolved_locally(check: impl Fn(&Scene)) {
    everywhere(|front| check(&Setting { resolve: Resolve::Locally, ..Setting::default() }.open(front)));
}

/// No name leaves this machine; which of its addresses does is up to the resolver.
fn heard_an_address(scene: &Scene, payload: &[u8]) {
    let heard = scene.heard();
    let addresses = ["127.0.0.1:53", "[::1]:53"].map(|address| datagram(address, payload));
    assert!(addresses.contains(&heard), "{}", heard.escape_ascii());
}

#[test]
fn looked_up_here() {
    resolved_locally(|scene| {
        assert_eq!(scene.socket.send_to(b"hello", NAME).expect("sent"), 5);
        heard_an_address(scene, b"hello");
        scene.socket.connect(NAME).expect("an address");
        let peer = scene.socket.peer().expect("a peer");
        assert!(peer.domain().is_none(), "{peer}");
        assert_eq!(scene.socket.send(b"hello").expect("sent"), 5);
        heard_an_address(scene, b"hello");
        assert_eq!(scene.socket.send_fragmented(b"hello", NAME, 5).expect("sent"), 5);
        heard_an_address(scene, b"hello");
        for target in ["192.0.2.7:53", "[2001:db8::7]:53"] {
            scene.socket.send_to(b"hello", target).expect("sent");
            assert_eq!(scene.heard(), datagram(target, b"hello"));
        }
    });
}

#[test]
fn not_found() {
    resolved_locally(|scene| {
        let name = "nonexistent.invalid:53";
        let send = scene.socket.send_to(b"", name).expect_err("no address");
        let connect = scene.socket.connect(name).expect_err("no address");
        for error in [send, connect] {
            assert!(matches!(inner(&error).kind(), ErrorKind::Unresolved { .. }), "{error:?}");
        }
    });
}

/// Calls that must not wait, or whose header is already written, resolve no names.
#[test]
fn refused_where_nothing_waits() {
    resolved_locally(|scene| {
        let mut batch = SendBatch::new();
        batch.push(b"one", "192.0.2.7:53").expect("room");
        batch.push(b"two", NAME).expect("room");
        let mut refused = vec![
            scene.socket.try_send_to(b"", NAME),
            scene.socket.send_in_place(&mut [0; HEADROOM], NAME),
            scene.socket.send_batch(&mut batch),
        ];
        if let Some(polled) = scene.socket.polled() {
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            match polled.poll_send_to(&mut cx, b"", NAME) {
                std::task::Poll::Ready(sent) => refused.push(sent),
                std::task::Poll::Pending => panic!("it must not wait"),
            }
        }
        for refused in refused {
            let error = refused.expect_err("a name");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let kind = inner(&error).kind();
            assert!(matches!(kind, ErrorKind::Invalid(Invalid::NameToResolve)), "{error:?}");
        }
        assert_eq!(batch.len(), 2, "none was sent, and none is lost");
        batch.clear();
        batch.push(b"three", "192.0.2.7:53").expect("room");
        assert_eq!(scene.socket.send_batch(&mut batch).expect("sent"), 1);
        assert_eq!(scene.heard(), datagram("192.0.2.7:53", b"three"));
    });
}

#[test]
fn to_the_proxy_as_they_are() {
    on_all(|scene| {
        for name in ["localhost:53", "nonexistent.invalid:53", "xn--bcher-kva.example:1", "a.onion:80"] {
            scene.socket.send_to(b"hello", name).expect("sent");
            assert_eq!(scene.heard(), datagram(name, b"hello"));
            let mut batch = SendBatch::new();
            batch.push(b"hello", name).expect("room");
            assert_eq!(scene.socket.send_batch(&mut batch).expect("sent"), 1);
            assert_eq!(scene.heard(), datagram(name, b"hello"));
        }
    });
}
