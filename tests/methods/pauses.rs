//! Pauses before frames: each front end waits by its clock, other tasks run, and the deadline
//! holds.

#![allow(dead_code, unused_imports, unused_macros, reason = "each set of features uses a part of it")]

use crate::hop::{Hop, echo, granted, serve, server};
use crate::messages::{BOUND, Speaks};
use crate::scene::{BEHIND, TARGET, chain, error, invalid};
use crate::support::blocked::{Executor, OnAsyncIo, Patient, send};
use crate::support::case::Case;
use crate::support::clock::assert_on_time;
use crate::support::methods::numbered::{MOST, Side};
use crate::support::methods::wire::Wire;
use crate::support::methods::{numbered, pausing, short};
use crate::support::script::{Manner, Script, client, proxy};
use crate::support::server::Server;
use crate::ways::hooks::{Does, Masked};
use crate::ways::{at_once, everywhere};
use anysocks::protocol::{Clock, Conversation, Established, Scratch, Socks5, Step, Timer};
use anysocks::{Auth, Chain, Error, ErrorKind, Invalid, Proxy, SocksStream, Stage, V5};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const FIRST: u8 = 0xC1;
const SECOND: u8 = 0xC2;
const HOUR: Duration = Duration::from_secs(3600);
/// A request of one frame.
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";

pub(crate) fn auth(code: u8, pause: Duration, clock: Option<Clock>) -> Auth {
    short::auth(code, move || pausing::negotiated(code, pause, clock))
}

/// A proxy whose METHOD pauses.
pub(crate) fn pauses(code: u8, addr: SocketAddr, pause: Duration) -> Proxy {
    Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth(code, pause, None))).expect("a proxy")
}

fn behind() -> SocketAddr {
    BEHIND[0].parse().expect("an address")
}

type Chained<'a> = Box<dyn Fn(SocketAddr) -> Chain + 'a>;

/// Frames wait before they leave: those of the request, those of the tunnel, and those of a later
/// proxy inside of an earlier one's.
#[test]
fn each_frame_waits() {
    const PAUSE: Duration = Duration::from_millis(50);
    let bare = |addr| Speaks::Socks5.at(addr);
    let framed = |addr| Hop::Numbered(FIRST).proxy(addr);
    let first = |addr| pauses(FIRST, addr, PAUSE);
    let second = || pauses(SECOND, behind(), PAUSE);
    let hop = Hop::Numbered;
    // The pauses of the handshake, and those of a message of one frame.
    let cases: [(&[Hop], Chained<'_>, u32, u32); 5] = [
        // A request of two frames.
        (&[hop(FIRST)], Box::new(|addr| first(addr).into()), 2, 1),
        // The request for the second proxy, the greeting, and the request of two frames.
        (
            &[hop(FIRST), Hop::Plain(Speaks::Socks5)],
            Box::new(|addr| chain([first(addr), bare(behind())])),
            4,
            1,
        ),
        (&[Hop::Plain(Speaks::Socks5), hop(SECOND)], Box::new(|addr| chain([bare(addr), second()])), 2, 1),
        (&[hop(FIRST), hop(SECOND)], Box::new(|addr| chain([framed(addr), second()])), 2, 1),
        // The request for the second proxy, the greeting, the METHOD's message, the request of two
        // frames of 34 bytes in four frames. A frame of 13 bytes in two frames.
        (&[hop(FIRST), hop(SECOND)], Box::new(|addr| chain([first(addr), second()])), 9, 3),
    ];
    for (hops, chain, in_handshake, in_tunnel) in cases {
        everywhere(|way| {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let request =
                vec![client(Speaks::Socks5.request(1, TARGET)), granted(Speaks::Socks5.granted(BOUND))];
            let server = server(hops, request, echo);
            let started = Instant::now();
            let (_, mut stream) = (way.new)(chain(server.addr)).connect(TARGET).expect("a tunnel");
            assert!(started.elapsed() >= PAUSE * in_handshake, "{:?}", started.elapsed());
            let started = Instant::now();
            send(&mut *stream, b"hello").expect("an open stream");
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).expect("an echo");
            assert_eq!(&heard, b"hello");
            assert!(started.elapsed() >= PAUSE * in_tunnel, "{:?}", started.elapsed());
            drop(stream);
            server.join();
        });
    }
}

#[test]
fn the_deadline_ends_them() {
    const LAST: Hop = Hop::Numbered(SECOND);
    const FIRST: Hop = Hop::Plain(Speaks::Socks5);
    at_once(|way| {
        let limit = Duration::from_secs(1);
        for (hops, is_wrapped) in [(&[LAST][..], false), (&[FIRST, LAST], false), (&[FIRST, LAST], true)] {
            let server = Server::start(Vec::new(), move |client| {
                let stream: Box<dyn Stream> =
                    if is_wrapped { Box::new(Masked(client)) } else { Box::new(client) };
                let mut wire = Wire::new(stream);
                serve(hops, &mut wire).expect("the proxies' part");
                let mut heard = Vec::new();
                // One that is wrapped is reset.
                let _ = wire.read_to_end(&mut heard);
                heard
            });
            let last = |addr| pauses(SECOND, addr, HOUR).timeout(limit);
            let chain = match hops {
                [_] => chain([last(server.addr)]),
                _ => chain([Speaks::Socks5.at(server.addr), last(behind())]),
            };
            let connector = if is_wrapped {
                (way.wrapped)(chain.into(), Box::new(|_| Does::Mask))
            } else {
                (way.new)(chain)
            };
            let started = Instant::now();
            let late = error(connector.connect(TARGET));
            assert_on_time(started, limit);
            assert!(matches!(late.kind(), ErrorKind::TimedOut), "{late:?}");
            assert_eq!(late.stage(), Stage::Request);
            assert_eq!(server.join(), b"");
        }
    });
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

type Sleep = Pin<Box<dyn Future<Output = ()>>>;

/// Another task of the thread has its turns while a frame waits.
#[test]
fn other_tasks_run() {
    const PAUSE: Duration = Duration::from_secs(2);
    fn turns(
        connect: impl Future<Output = Result<(), Error>>,
        is_there: &AtomicBool,
        sleep: fn() -> Sleep,
    ) -> impl Future<Output = (Result<(), Error>, usize)> {
        let mut turns = 0;
        async move {
            let ticker = async {
                loop {
                    turns += usize::from(!is_there.load(Ordering::Relaxed));
                    sleep().await;
                }
            };
            (smol::future::or(connect, ticker).await, turns)
        }
    }
    macro_rules! front {
        ($front:ident, $run:expr, $sleep:expr) => {
            let _case = Case::new(stringify!($front));
            let is_there = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&is_there);
            let server = server(&[Hop::Numbered(FIRST)], Vec::new(), move |wire| {
                let len = Speaks::Socks5.request(1, TARGET).len();
                wire.read_exact(&mut vec![0; len]).expect("the request");
                seen.store(true, Ordering::Relaxed);
                wire.write_all(&Speaks::Socks5.granted(BOUND)).expect("a client that listens");
            });
            let proxy = pauses(FIRST, server.addr, PAUSE / 2);
            let connect = async { anysocks::$front::Socks5Stream::connect(&proxy, TARGET).await.map(drop) };
            let (connected, turns) = $run(turns(connect, &is_there, $sleep));
            connected.expect("a tunnel");
            assert!(turns > 2, "{turns} turns in {PAUSE:?}");
            server.join();
        };
    }
    #[cfg(feature = "tokio")]
    front!(
        tokio,
        |work| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(work)
        },
        || Box::pin(tokio::time::sleep(Duration::from_millis(20)))
    );
    #[cfg(feature = "smol")]
    front!(smol, OnAsyncIo::run, || async_io_timer(Duration::from_millis(20)));
    #[cfg(feature = "async-std")]
    front!(async_std, OnAsyncIo::run, || async_io_timer(Duration::from_millis(20)));
}

fn async_io_timer(duration: Duration) -> Timer {
    Box::pin(async move {
        async_io::Timer::after(duration).await;
    })
}

fn script(code: u8) -> (Script, Side) {
    let mut out = Side::client(code);
    let mut back = Side::proxy(code);
    let request = [client(out.frame(REQUEST)), proxy(Stage::Request, back.frame(REPLY))];
    (Script::new(&[&short::lines(code)[..], &request].concat(), b"", Manner::default()), out)
}

/// Tokio's clock, as a test pauses it.
#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn by_a_clock_that_is_paused() {
    use tokio::io::AsyncWriteExt as Write;
    let (stream, mut out) = script(FIRST);
    let started = tokio::time::Instant::now();
    let auth = auth(FIRST, HOUR, None);
    let tunnel = anysocks::tokio::Socks5Stream::handshake(stream.clone(), &auth, "a.b:80").await;
    let mut tunnel = tunnel.expect("a tunnel");
    assert!(started.elapsed() >= HOUR);
    for n in 2..4 {
        Write::write_all(&mut tunnel, b"hello").await.expect("an open stream");
        Write::flush(&mut tunnel).await.expect("an open stream");
        assert!(started.elapsed() >= HOUR * n && started.elapsed() < HOUR * (n + 1));
    }
    assert_eq!(stream.state().beyond, [out.frame(b"hello"), out.frame(b"hello")].concat());
}

/// The simplest driver, which ignores pauses, and one that notes them.
fn by_hand(stream: &mut Script, auth: &Auth, mut noted: Option<&mut Vec<Duration>>) -> Established {
    let target = "a.b:80".try_into().expect("a target");
    let mut conversation = Socks5::connect(auth, target).expect("a request");
    loop {
        if let (Some(noted), Some(pause)) = (&mut noted, conversation.pause()) {
            noted.push(pause.duration());
            pause.end();
        }
        let mut scratch = Scratch::new();
        let moved = match conversation.step(&mut scratch) {
            Step::Write(bytes) => stream.write(bytes),
            Step::Read(room) => stream.flush().and_then(|()| stream.read(room)),
            Step::Done(established) => return established,
        };
        conversation.report(moved).expect("a tunnel");
    }
}

/// A handshake with a METHOD that pauses, and what the proxy sends then.
pub(crate) fn established(code: u8, pause: Duration) -> (Established, Side) {
    let established = by_hand(&mut script(code).0, &auth(code, pause, None), None);
    let mut back = Side::proxy(code);
    back.frame(REPLY);
    (established, back)
}

#[test]
fn ignored_by_a_driver() {
    let (mut stream, _) = script(FIRST);
    let established = by_hand(&mut stream, &auth(FIRST, HOUR, None), None);
    assert_eq!(established.bound.to_string(), "192.0.2.7:12345");
    assert!(stream.state().unread().is_empty());
}

#[test]
fn shown_to_a_driver() {
    let (mut stream, mut out) = script(FIRST);
    let mut noted = Vec::new();
    let mut established = by_hand(&mut stream, &auth(FIRST, HOUR, None), Some(&mut noted));
    assert_eq!(noted, [HOUR]);
    let mut frames = established.take_frames().expect("an encapsulation");
    assert!(frames.outgoing.pause().is_none());
    // The frames that leave together wait for all of their pauses.
    for n in 1..4 {
        assert_eq!(frames.outgoing.put(&[b'x'; 100]).expect("a frame"), MOST);
        assert_eq!(frames.outgoing.pause().expect("a pause").duration(), HOUR * n);
    }
    frames.outgoing.pause().expect("a pause").end();
    assert!(frames.outgoing.pause().is_none());
    let expected = out.frames(&[b'x'; 3 * MOST], MOST);
    assert_eq!(frames.outgoing.pending(), expected);
}

/// `futures` has no clock. The METHOD may have one.
#[cfg(feature = "futures-io")]
#[test]
fn on_a_front_end_without_a_clock() {
    use anysocks::futures::{Futures, Socks5Stream};
    let handshake =
        |stream: &Script, auth| OnAsyncIo::run(Socks5Stream::handshake(stream.clone(), &auth, "a.b:80"));
    let (stream, _) = script(FIRST);
    let failed = handshake(&stream, auth(FIRST, Duration::from_millis(1), None));
    assert_eq!(invalid(failed), Invalid::NoClock);
    assert_eq!(stream.state().accepted(), 3 + 2, "the request was sent");

    let (stream, _) = script(FIRST);
    let started = Instant::now();
    let pause = Duration::from_millis(50);
    let mut tunnel = handshake(&stream, auth(FIRST, pause, Some(async_io_timer))).expect("a tunnel");
    assert!(started.elapsed() >= pause);
    let write = async {
        use smol::io::AsyncWriteExt as Write;
        Write::write_all(&mut tunnel, b"hello").await?;
        Write::flush(&mut tunnel).await
    };
    OnAsyncIo::run(write).expect("an open stream");
    assert!(started.elapsed() >= pause * 2);

    // In the tunnel, after a driver that ignores pauses.
    let (mut stream, _) = script(FIRST);
    let established = by_hand(&mut stream, &auth(FIRST, pause, None), None);
    let mut tunnel = SocksStream::<_, V5, Futures>::new(stream.clone(), established);
    let write = async {
        use smol::io::AsyncWriteExt as Write;
        Write::write_all(&mut tunnel, b"hello").await?;
        Write::flush(&mut tunnel).await
    };
    let failed = Patient::run(write);
    let failed = failed.expect_err("no clock");
    let inner = failed.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("an error of ours");
    assert!(matches!(inner.kind(), ErrorKind::Invalid(Invalid::NoClock)), "{inner:?}");
    assert!(stream.state().beyond.is_empty());
}

/// A METHOD that does not pause needs no clock.
#[cfg(feature = "futures-io")]
#[test]
fn no_pause_needs_no_clock() {
    let (stream, _) = script(FIRST);
    let auth = short::auth(FIRST, || numbered::negotiated(FIRST));
    let tunnel = anysocks::futures::Socks5Stream::handshake(stream, &auth, "a.b:80");
    Patient::run(tunnel).expect("a tunnel");
}
