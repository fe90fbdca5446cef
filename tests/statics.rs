//! The uses of streams, futures and errors: boxes, tasks, threads, pools. All of this is checked
//! at compile time only.

#![allow(dead_code, unused_macros, reason = "without features there is no front end that has futures")]

mod support;

use anysocks::protocol::{Established, Frames, SecondReply};
use anysocks::{Auth, Chain, Error, NoProxy, Proxy, Target, UserId, V4, V5, gssapi, udp};
use std::error;
use std::fmt::Debug;
use support::script::{Manner, Script, proxy};

fn stream<S: Debug + Send + Sync + Unpin + 'static>() {}
fn future<T: Send + Sync>(_: T) {}

/// What a connector is, whatever its streams are wrapped in: each task has one of its own.
fn connector<C: Clone + Debug + Send + Sync + Unpin + 'static>(_: &C) {}

/// An association's socket: a task of its own may have a handle of it.
#[cfg(unix)]
fn socket<S: Clone + Debug + Send + Sync + Unpin + std::os::fd::AsFd + 'static>() {}
#[cfg(windows)]
fn socket<S: Clone + Debug + Send + Sync + Unpin + std::os::windows::io::AsSocket + 'static>() {}

/// A stream in memory: the futures are made, and never polled.
fn script() -> Script {
    Script::new(&[proxy(anysocks::Stage::Request, [])], b"", Manner::default())
}

#[test]
fn values() {
    fn error<E: error::Error + Send + Sync + 'static>() {}
    fn shared<T: Clone + Debug + Send + Sync + 'static>() {}
    error::<Error>();
    error::<gssapi::Error>();
    error::<gssapi::Failure>();
    shared::<gssapi::Gssapi>();
    shared::<gssapi::Service>();
    shared::<Proxy>();
    shared::<Auth>();
    shared::<UserId>();
    shared::<Target<'static>>();
    shared::<Chain>();
    shared::<NoProxy>();
    stream::<Established>();
    stream::<Frames>();
    stream::<SecondReply<V4>>();
    stream::<SecondReply<V5>>();
}

/// The values of UDP ASSOCIATE, none of which does any I/O.
#[test]
fn udp() {
    fn copied<T: Copy + Clone + Debug + PartialEq + Send + Sync>() {}
    fn shared<T: Clone + Debug + Send + Sync + 'static>() {}
    copied::<udp::Datagram<'_>>();
    copied::<udp::Source<'_>>();
    copied::<udp::BadDatagram>();
    copied::<udp::AssociationEnd>();
    shared::<udp::Header>();
    shared::<udp::Options>();
    shared::<udp::Relay>();
    shared::<udp::Reassembly>();
    shared::<udp::SendBatch>();
    stream::<udp::RecvBatch>();
    stream::<udp::Reassembler>();
}

#[test]
fn blocking() {
    use anysocks::blocking::{
        AnyListener, AnyStream, Connector, Socks4Listener, Socks4Stream, Socks5Client, Socks5Listener,
        Socks5Stream, Socks5UdpSocket, WrappedConnector,
    };
    stream::<Socks5Client>();
    stream::<Socks4Stream>();
    stream::<Socks5Stream>();
    stream::<Socks5Stream<Socks5Stream>>();
    stream::<Socks4Listener>();
    stream::<Socks5Listener>();
    stream::<Socks5Listener<Socks5Stream>>();
    socket::<Socks5UdpSocket>();
    stream::<AnyStream>();
    stream::<AnyStream<AnyStream>>();
    stream::<AnyListener>();
    let bare = Connector::new(Proxy::socks5("127.0.0.1:1080").expect("a proxy"));
    connector(&bare);
    let wrapped: WrappedConnector<Script> = bare.wrapped(|_, _| Ok(script()));
    connector(&wrapped);
    connector(&Connector::direct().wrapped(|stream, _| Ok(Box::new(stream))));
}

/// The streams and futures of a front end that dials.
macro_rules! dials {
    ($front_end:ident) => {{
        use anysocks::$front_end::{
            Socks4Listener, Socks4Stream, Socks5Client, Socks5Listener, Socks5Stream, Socks5UdpSocket,
            converse, dial,
        };
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
        let mut talk = anysocks::protocol::Socks5::connect(&auth, target).expect("a conversation");
        future(converse(&mut script(), &mut talk));
        stream::<Socks4Listener>();
        stream::<Socks5Listener>();
        stream::<Socks5Listener<Socks5Stream>>();
        future(Socks5Listener::bind(&at, "example.com:80"));
        future(Socks4Listener::bind(String::from("socks4://127.0.0.1"), ("example.com", 80)));
        future(Socks5Listener::handshake(script(), &Auth::none(), "example.com:80"));
        future(Socks4Listener::handshake(script(), &UserId::none(), "example.com:80"));
        let waits = |mut listener: Socks5Listener| {
            future(listener.accept());
            future(listener.accept_within(std::time::Duration::from_secs(1)));
        };
        let _ = waits;
        stream::<Socks5Client>();
        future(Socks5Client::open(&at));
        let asks = |mut client: Socks5Client| {
            future(client.keep_alive());
            future(client.resolve("example.com"));
            future(client.pool_new("example.com:80"));
            future(client.connect("example.com:80"));
        };
        let _ = asks;
        socket::<Socks5UdpSocket>();
        future(Socks5UdpSocket::associate(&at));
        let moves = |socket: Socks5UdpSocket| {
            let (mut buf, target) = ([0; 300], ("example.com", 80));
            future(socket.send_to(b"", target));
            future(socket.recv_from(&mut buf));
            future(socket.connect(target));
            future(socket.send(b""));
            future(socket.recv(&mut buf));
            future(socket.send_in_place(&mut buf, target));
            future(socket.recv_in_place(&mut buf));
            future(socket.send_fragmented(b"", target, 1));
            future(socket.send_batch(&mut udp::SendBatch::new()));
            future(socket.recv_batch(&mut udp::RecvBatch::new(1)));
            future(socket.closed());
        };
        let _ = moves;
    }};
}

/// The connectors of a front end, and their futures, which `$spawn` takes.
macro_rules! connects {
    ($front_end:ident, $spawn:path) => {{
        use anysocks::$front_end::{AnyListener, AnyStream, Connector, WrappedConnector};
        stream::<AnyStream>();
        stream::<AnyStream<AnyStream>>();
        stream::<AnyListener>();
        stream::<AnyListener<AnyStream>>();
        let bare = Connector::new(Proxy::socks5("127.0.0.1:1080").expect("a proxy"));
        connector(&bare);
        future(bare.associate());
        // A future that may go to another thread, but that several may not share.
        let wrapped: WrappedConnector<Script> = bare.clone().wrapped(|_, _| async {
            let unshared = std::cell::Cell::new(());
            std::future::ready(()).await;
            unshared.set(());
            Ok(script())
        });
        connector(&wrapped);
        // Any stream will do that can itself be shared, also a box of one.
        connector(&Connector::direct().wrapped(|stream, _| async { Ok(Box::new(stream)) }));
        let ip = std::net::Ipv4Addr::LOCALHOST.into();
        let calls = || {
            future(bare.connect("example.com:80"));
            future(bare.connect_with_early_data(String::from("example.com:80"), b""));
            future(bare.bind(("example.com", 80)));
            future(bare.resolve("example.com"));
            future(bare.resolve_ptr(ip));
            future(bare.check());
            future(wrapped.connect("example.com:80"));
            future(wrapped.connect_with_early_data(String::from("example.com:80"), b""));
            future(wrapped.bind(("example.com", 80)));
            future(wrapped.resolve("example.com"));
            future(wrapped.resolve_ptr(ip));
            future(wrapped.associate());
            future(wrapped.check());
        };
        calls();
        let tasks = |wrapped: [WrappedConnector<Script>; 7], target: String, first: Vec<u8>| {
            let [one, two, three, four, five, six, seven] = wrapped;
            let [host, name] = [target.clone(), target.clone()];
            drop($spawn(async move { one.connect(&*target).await }));
            drop($spawn(async move { two.connect_with_early_data((&*host, 80), &first).await }));
            drop($spawn(async move { three.bind("example.com:80").await?.accept().await }));
            drop($spawn(async move { four.resolve(&*name).await }));
            drop($spawn(async move { five.resolve_ptr(ip).await }));
            drop($spawn(async move { six.associate().await }));
            drop($spawn(async move { seven.check().await }));
        };
        let _ = tasks;
    }};
}

#[cfg(feature = "tokio")]
#[test]
fn tokio() {
    dials!(tokio);
    connects!(tokio, ::tokio::spawn);
}

#[cfg(feature = "async-std")]
#[test]
fn async_std() {
    dials!(async_std);
    connects!(async_std, ::async_std::task::spawn);
}

#[cfg(feature = "smol")]
#[test]
fn smol() {
    dials!(smol);
    connects!(smol, ::smol::spawn);
}

#[cfg(feature = "futures-io")]
#[test]
fn futures() {
    use anysocks::futures::{Socks4Listener, Socks4Stream, Socks5Client, Socks5Listener, Socks5Stream};
    stream::<Socks4Stream<Script>>();
    stream::<Socks5Stream<Script>>();
    stream::<Socks4Listener<Script>>();
    stream::<Socks5Listener<Script>>();
    future(Socks5Listener::handshake(script(), &Auth::none(), "example.com:80"));
    let waits = |mut listener: Socks4Listener<Script>| future(listener.accept());
    let _ = waits;
    future(Socks5Stream::handshake(script(), &Auth::none(), "example.com:80"));
    future(Socks4Stream::handshake(script(), &UserId::none(), "example.com:80"));
    stream::<Socks5Client<Script>>();
    future(Socks5Client::handshake(script(), &Auth::none()));
    let requests = |mut client: Socks5Client<Script>| {
        future(client.keep_alive());
        future(client.connect("example.com:80"));
    };
    let _ = requests;
}
