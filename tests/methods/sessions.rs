//! The values that METHODs hand over: on streams, their halves, listeners, accepted streams and UDP
//! sockets, and of each proxy of a chain.

#![allow(dead_code, unused_imports, unused_macros, reason = "each set of features uses a part of it")]

use crate::hop::{Code, Hop, chain, connection, echo, granted, server};
use crate::messages::{BOUND, Speaks};
use crate::scene::TARGET;
use crate::support::blocked::{Executor, OnAsyncIo, OnTokio};
use crate::support::case::Case;
use crate::support::methods::speaking::{PRINCIPAL, Principal};
use crate::support::script::client;
use std::io::Write;
use std::mem::size_of;
use std::net::UdpSocket;

const PEER: &str = "192.0.2.9:40000";

/// BND.ADDR takes 40 bytes, and what was negotiated one pointer, however much it is. With a tokio
/// that has no more features than this crate needs, a stream has 80 bytes.
#[test]
fn sizes() {
    #[cfg(feature = "tokio")]
    {
        type Inner = ::tokio::net::TcpStream;
        assert_eq!(size_of::<anysocks::tokio::Socks5Stream<Inner>>(), size_of::<Inner>() + 40 + 8);
    }
    assert_eq!(size_of::<anysocks::blocking::Socks5Stream<u64>>(), 8 + 40 + 8);
}

fn done<T>(done: T) -> T {
    done
}

fn principal() -> Principal {
    Principal(PRINCIPAL.to_owned())
}

/// The tests of `anysocks::$front`, whose futures `$run` runs.
macro_rules! sessions {
    ($front:ident, $run:path) => {
        mod $front {
            use super::*;
            use anysocks::$front::{Connector, Socks5Listener, Socks5Stream, Socks5UdpSocket};

            #[test]
            fn of_a_stream_and_its_halves() {
                for (hop, is_encapsulated) in [(Hop::Numbered(0xC1), true), (Hop::Bare(0xC1), false)] {
                    let _case = Case::new(format!("{hop:?}"));
                    let server = server(&[hop], connection(&[hop], TARGET), echo);
                    let stream =
                        $run(Socks5Stream::connect(&hop.proxy(server.addr), TARGET)).expect("a tunnel");
                    assert_eq!(stream.is_encapsulated(), is_encapsulated);
                    assert_eq!(stream.session(), Some(&Code(0xC1)));
                    assert_eq!(stream.session::<Principal>(), None);
                    let (read, write) = stream.into_split().expect("two halves");
                    assert_eq!(read.session(), Some(&Code(0xC1)));
                    drop(read);
                    assert_eq!(write.session(), Some(&Code(0xC1)));
                    assert_eq!(write.is_encapsulated(), is_encapsulated);
                    drop(write);
                    server.join();
                }
            }

            /// Of a pump that the METHOD hands over with its state.
            #[test]
            fn of_a_method_that_has_spoken() {
                let hop = Hop::Speaking(0xC1);
                let server = server(&[hop], connection(&[hop], TARGET), |_| ());
                let stream = $run(Socks5Stream::connect(&hop.proxy(server.addr), TARGET)).expect("a tunnel");
                assert_eq!(stream.session(), Some(&principal()));
                server.join();
            }

            #[test]
            fn of_the_proxies_of_a_chain() {
                for hops in [
                    [Hop::Speaking(0xC1), Hop::Bare(0xC2)],
                    [Hop::Numbered(0xC1), Hop::Speaking(0xC2)],
                    [Hop::Speaking(0xC1), Hop::Plain(Speaks::Socks4)],
                    [Hop::Numbered(0xC1), Hop::Numbered(0xC2)],
                ] {
                    let _case = Case::new(format!("{hops:?}"));
                    // The value of a type of the last proxy that has handed one over.
                    let code = hops.iter().rev().find_map(|hop| match hop {
                        Hop::Numbered(code) | Hop::Bare(code) => Some(Code(*code)),
                        _ => None,
                    });
                    let principal = hops.iter().any(|hop| matches!(hop, Hop::Speaking(_))).then(principal);
                    let tunnel = server(&hops, connection(&hops, TARGET), |_| ());
                    let stream = $run(Connector::new(chain(&hops, tunnel.addr)).connect(TARGET));
                    let stream = stream.expect("a tunnel");
                    assert_eq!((stream.session(), stream.session()), (code.as_ref(), principal.as_ref()));
                    tunnel.join();
                    let speaks = hops[1].speaks();
                    let request = vec![client(speaks.request(2, PEER)), granted(speaks.granted(BOUND))];
                    let listening = server(&hops, request, move |wire| {
                        wire.write_all(&speaks.granted(PEER)).expect("a client that listens");
                    });
                    let listener = $run(Connector::new(chain(&hops, listening.addr)).bind(PEER));
                    let mut listener = listener.expect("a port");
                    assert_eq!((listener.session(), listener.session()), (code.as_ref(), principal.as_ref()));
                    let (stream, _) = $run(listener.accept()).expect("a peer");
                    assert_eq!((stream.session(), stream.session()), (code.as_ref(), principal.as_ref()));
                    listening.join();
                }
            }

            #[test]
            fn of_a_listener_and_its_stream() {
                for hop in [Hop::Numbered(0xC1), Hop::Bare(0xC1)] {
                    let speaks = hop.speaks();
                    let request = vec![client(speaks.request(2, PEER)), granted(speaks.granted(BOUND))];
                    let server = server(&[hop], request, move |wire| {
                        wire.write_all(&speaks.granted(PEER)).expect("a client that listens");
                    });
                    let listener = $run(Socks5Listener::bind(&hop.proxy(server.addr), PEER));
                    let mut listener = listener.expect("a port");
                    assert_eq!(listener.session(), Some(&Code(0xC1)));
                    let (stream, _) = $run(listener.accept()).expect("a peer");
                    assert_eq!(stream.session(), Some(&Code(0xC1)));
                    assert_eq!(listener.session(), Some(&Code(0xC1)));
                    server.join();
                }
            }

            #[test]
            fn of_an_association() {
                for hop in [Hop::Numbered(0xC1), Hop::Bare(0xC1), Hop::Speaking(0xC1)] {
                    let _case = Case::new(format!("{hop:?}"));
                    let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
                    let addr = relay.local_addr().expect("an address").to_string();
                    let speaks = hop.speaks();
                    let request =
                        vec![client(speaks.request(3, "0.0.0.0:0")), granted(speaks.granted(&addr))];
                    let server = server(&[hop], request, |_| ());
                    let socket = $run(Socks5UdpSocket::associate(&hop.proxy(server.addr)));
                    let socket = socket.expect("an association");
                    match hop {
                        Hop::Speaking(_) => assert_eq!(socket.session(), Some(&principal())),
                        _ => assert_eq!(socket.clone().session(), Some(&Code(0xC1))),
                    }
                    server.join();
                }
            }
        }
    };
}

sessions!(blocking, done);
#[cfg(feature = "tokio")]
sessions!(tokio, OnTokio::run);
#[cfg(feature = "smol")]
sessions!(smol, OnAsyncIo::run);
#[cfg(feature = "async-std")]
sessions!(async_std, OnAsyncIo::run);
