//! Pauses before the frames of BIND and of an association, and on the latter's TCP connection.

use crate::association;
use crate::fronts::{FRONTS, Front};
use crate::messages::{BOUND, Speaks};
use crate::scene::TARGET;
use crate::support::case;
use crate::support::methods::numbered::{MOST, Side};
use crate::support::methods::{pausing, short};
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::ways::everywhere;
use anysocks::protocol::Command;
use anysocks::{Proxy, Stage};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CODE: u8 = 0xC1;

#[test]
fn of_bind() {
    const PAUSE: Duration = Duration::from_millis(50);
    everywhere(|way| {
        let (mut out, mut back) = (Side::client(CODE), Side::proxy(CODE));
        let request = out.frames(&Speaks::Socks5.request(2, TARGET), MOST);
        let count = u32::try_from(request.len() / (MOST + 1)).expect("a few").max(1);
        let replies =
            [back.frame(&Speaks::Socks5.granted(BOUND)), back.frame(&Speaks::Socks5.granted(BOUND))];
        let lines = [short::lines(CODE), vec![client(request), proxy(Stage::Request, replies.concat())]];
        let server = Server::start(lines.concat(), |_| ());
        let auth = short::auth(CODE, || pausing::negotiated(CODE, PAUSE, None));
        let started = Instant::now();
        let mut listener =
            (way.new)(server.proxy().auth(auth).expect("SOCKS5").into()).bind(TARGET).expect("a listener");
        assert!(started.elapsed() >= PAUSE * count);
        listener.accept().expect("a peer");
        server.join();
    });
}

/// An association, and both sides of its frames.
fn associated(front: &Front, pause: Duration) -> (association::Scene, Side, Side) {
    let (mut out, mut back) = (Side::client(CODE), Side::proxy(CODE));
    let request = out.frames(&Speaks::Socks5.request(3, "0.0.0.0:0"), MOST);
    let lines = |relay: &str| {
        let reply = back.frame(&Speaks::Socks5.granted(relay));
        [short::lines(CODE), vec![client(request), proxy(Stage::Request, reply)]].concat()
    };
    let auth = short::auth(CODE, move || pausing::of_association(CODE, pause));
    let at = |addr| Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth)).expect("SOCKS5");
    let started = Instant::now();
    let scene = association::Scene::of(front, lines, at);
    assert!(started.elapsed() >= pause);
    (scene, out, back)
}

/// A receiver keeps its own time while a request waits to be sent, also if there is something to
/// read for that request.
#[test]
fn receivers_keep_their_time() {
    const PAUSE: Duration = Duration::from_secs(3);
    case::at_once(
        FRONTS,
        |front| front.name.to_owned(),
        |front| {
            let (scene, mut out, mut back) = associated(front, PAUSE);
            let (socket, mut control) = (&scene.socket, scene.control());
            let has_ended = AtomicBool::new(false);
            thread::scope(|scope| {
                let requesting = scope.spawn(|| {
                    let reply = socket.another().request(Command::Connect, TARGET);
                    has_ended.store(true, Ordering::SeqCst);
                    reply
                });
                // During the pause, as a rule; before it, the frame shows nothing.
                thread::sleep(Duration::from_millis(200));
                control.write_all(&back.frame(b"")).expect("an open connection");
                let late =
                    socket.recv_from_within(Duration::from_secs(1), &mut [0; 64]).expect_err("nothing");
                assert_eq!(late.kind(), io::ErrorKind::TimedOut);
                assert!(!has_ended.load(Ordering::SeqCst), "it took the time of the request");
                let request = out.frames(&Speaks::Socks5.request(1, TARGET), MOST);
                let mut heard = vec![0; request.len()];
                control.read_exact(&mut heard).expect("a request");
                assert_eq!(heard, request);
                control.write_all(&back.frame(&Speaks::Socks5.granted(BOUND))).expect("an open connection");
                let bound = requesting.join().expect("no panic").expect("a reply");
                assert_eq!(bound.to_string(), BOUND);
            });
        },
    );
}
