//! What users put streams, futures and errors into: boxes, tasks, threads, pools. None of this is checked by running it.

#![allow(dead_code, unused_macros, reason = "without features there is no front end that has futures")]

mod support;

use anysocks::{Auth, Error, Established, Frames, Proxy, Target, UserId};
use std::error;
use std::fmt::Debug;
use support::script::{Manner, Script, proxy};

fn stream<S: Debug + Send + Sync + Unpin + 'static>() {}
fn future<T: Send + Sync>(_: T) {}

/// A stream in memory: the futures are made, and never polled.
fn script() -> Script {
    Script::new(&[proxy(anysocks::Stage::Request, [])], b"", Manner::default())
}

#[test]
fn values() {
    fn error<E: error::Error + Send + Sync + 'static>() {}
    fn shared<T: Clone + Debug + Send + Sync + 'static>() {}
    error::<Error>();
    shared::<Proxy>();
    shared::<Auth>();
    shared::<UserId>();
    shared::<Target<'static>>();
    stream::<Established>();
    stream::<Frames>();
}

#[test]
fn blocking() {
    use anysocks::blocking::{Socks4Stream, Socks5Stream};
    stream::<Socks4Stream>();
    stream::<Socks5Stream>();
    stream::<Socks5Stream<Socks5Stream>>();
}

/// The streams and futures of a front end that dials.
macro_rules! dials {
    ($front_end:ident) => {{
        use anysocks::$front_end::{Socks4Stream, Socks5Stream, converse, dial};
        stream::<Socks4Stream>();
        stream::<Socks5Stream>();
        let at = Proxy::socks5("127.0.0.1:1080").expect("a proxy");
        future(Socks5Stream::connect(&at, "example.com:80"));
        future(Socks5Stream::connect(String::from("127.0.0.1:1080"), ("example.com", 80)));
        future(Socks4Stream::connect(&at, "example.com:80"));
        future(dial(&at));
        future(Socks5Stream::handshake(script(), &Auth::none(), "example.com:80"));
        future(Socks4Stream::handshake(script(), &UserId::none(), "example.com:80"));
        let (auth, target) = (Auth::none(), "example.com:80".parse().expect("a target"));
        let mut talk = anysocks::Socks5::connect(&auth, target).expect("a conversation");
        future(converse(&mut script(), &mut talk));
    }};
}

#[cfg(feature = "tokio")]
#[test]
fn tokio() {
    dials!(tokio);
}

#[cfg(feature = "async-std")]
#[test]
fn async_std() {
    dials!(async_std);
}

#[cfg(feature = "smol")]
#[test]
fn smol() {
    dials!(smol);
}

#[cfg(feature = "futures-io")]
#[test]
fn futures() {
    use anysocks::futures::{Socks4Stream, Socks5Stream};
    stream::<Socks4Stream<Script>>();
    stream::<Socks5Stream<Script>>();
    future(Socks5Stream::handshake(script(), &Auth::none(), "example.com:80"));
    future(Socks4Stream::handshake(script(), &UserId::none(), "example.com:80"));
}
