//! A SOCKS5 proxy with a relay, for one association. The test lets it lose datagrams, pause, or
//! close the connection.

use anysocks::Target;
use anysocks::udp::{Datagram, Header};
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// More than any datagram here.
const ROOM: usize = 4096;

pub(crate) struct Relay {
    /// Where the proxy listens.
    pub(crate) proxy: SocketAddr,
    pub(crate) traffic: Arc<Mutex<Traffic>>,
    /// Where the relay listens.
    pub(crate) addr: SocketAddr,
    granting: JoinHandle<io::Result<TcpStream>>,
    outside: Arc<Outside>,
    pump: JoinHandle<io::Result<()>>,
}

/// The source that a relay names in a datagram.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Names {
    #[default]
    ThePeer,
    /// As some relays do.
    TheClient,
    /// As relays that repeat the requested name.
    Something,
}

/// What has come by.
#[derive(Default)]
pub(crate) struct Traffic {
    /// How many of a thousand datagrams are lost.
    loss: u64,
    /// The source that the relay names in returned datagrams.
    names: Names,
    random: u64,
    pub(crate) there: u64,
    pub(crate) back: u64,
    pub(crate) lost: u64,
    /// The longest payload from the client.
    pub(crate) longest: usize,
    pub(crate) targets: BTreeSet<SocketAddr>,
}

/// The sockets from which datagrams go to the targets.
struct Outside {
    v4: UdpSocket,
    v6: UdpSocket,
}

impl Relay {
    pub(crate) async fn start() -> Self {
        Self::that_loses(0).await
    }

    pub(crate) async fn that_names(names: Names) -> Self {
        let relay = Self::start().await;
        relay.traffic.lock().expect("no panic").names = names;
        relay
    }

    pub(crate) async fn that_loses(loss: u64) -> Self {
        crate::support::case::limit_test();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let proxy = listener.local_addr().expect("an address");
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let addr = inside.local_addr().expect("an address");
        let v4 = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let v6 = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.expect("a port");
        let outside = Arc::new(Outside { v4, v6 });
        let traffic = Arc::new(Mutex::new(Traffic { loss, random: 1, ..Traffic::default() }));
        let granting = tokio::spawn(grant(listener, addr));
        let pump = tokio::spawn(pump(inside, Arc::clone(&outside), Arc::clone(&traffic)));
        Self { proxy, traffic, addr, granting, outside, pump }
    }

    /// The TCP connection of the association, once.
    pub(crate) async fn control(&mut self) -> TcpStream {
        (&mut self.granting).await.expect("no panic").expect("an association")
    }

    /// Listens for datagrams no more: the system refuses them.
    pub(crate) async fn leave(&mut self) {
        self.pump.abort();
        assert!((&mut self.pump).await.expect_err("it goes on until it is aborted").is_cancelled());
    }

    /// Listens again.
    pub(crate) async fn come_back(&mut self) {
        let inside = self.socket().await;
        self.pump = tokio::spawn(pump(inside, Arc::clone(&self.outside), Arc::clone(&self.traffic)));
    }

    /// The socket of a relay that has left, for a test that relays by hand.
    pub(crate) async fn socket(&self) -> UdpSocket {
        UdpSocket::bind(self.addr).await.expect("the same port")
    }
}

/// Grants the first request, which has to be for an association, and then connections.
async fn grant(listener: TcpListener, relay: SocketAddr) -> io::Result<TcpStream> {
    let (mut client, request) = requested(&listener).await?;
    assert_eq!(request, [5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
    let [high, low] = relay.port().to_be_bytes();
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, high, low]).await?;
    tokio::spawn(connections(listener));
    Ok(client)
}

/// Returns a client, and its request.
async fn requested(listener: &TcpListener) -> io::Result<(TcpStream, [u8; 10])> {
    let (mut client, _) = listener.accept().await?;
    let mut greeting = [0; 3];
    client.read_exact(&mut greeting).await?;
    assert_eq!(greeting, [5, 1, 0]);
    client.write_all(&[5, 0]).await?;
    let mut request = [0; 10];
    client.read_exact(&mut request).await?;
    Ok((client, request))
}

async fn connections(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut client, request) = requested(&listener).await?;
        let [5, 1, 0, 1, ip @ .., high, low] = request else { panic!("{request:?}") };
        let mut target = TcpStream::connect(SocketAddr::from((ip, u16::from_be_bytes([high, low])))).await?;
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut target).await });
    }
}

/// Relays for any client, until a call fails.
async fn pump(inside: UdpSocket, outside: Arc<Outside>, traffic: Arc<Mutex<Traffic>>) -> io::Result<()> {
    let (mut from_client, mut from_v4, mut from_v6) = ([0; ROOM], [0; ROOM], [0; ROOM]);
    let mut client = None;
    loop {
        let (len, source, payload) = tokio::select! {
            received = inside.recv_from(&mut from_client) => {
                let (len, addr) = received?;
                client = Some(addr);
                there(&from_client[..len], &outside, &traffic).await?;
                continue;
            }
            received = outside.v4.recv_from(&mut from_v4) => {
                let (len, source) = received?;
                (len, source, &from_v4)
            }
            received = outside.v6.recv_from(&mut from_v6) => {
                let (len, source) = received?;
                (len, source, &from_v6)
            }
        };
        let (comes_back, names) = {
            let mut traffic = traffic.lock().expect("no panic");
            (traffic.comes_back(), traffic.names)
        };
        let (Some(client), true) = (client, comes_back) else { continue };
        let back = match names {
            Names::ThePeer => datagram(source, &payload[..len]),
            Names::TheClient => datagram(client, &payload[..len]),
            Names::Something => datagram("peer.example:443", &payload[..len]),
        };
        inside.send_to(&back, client).await?;
    }
}

async fn there(datagram: &[u8], outside: &Outside, traffic: &Mutex<Traffic>) -> io::Result<()> {
    let datagram = Datagram::parse(datagram).expect("a datagram");
    let target = datagram.source.socket_addr().expect("quinn has no names");
    let goes = traffic.lock().expect("no panic").goes_there(target, datagram.payload.len());
    let socket = if target.is_ipv4() { &outside.v4 } else { &outside.v6 };
    if goes {
        socket.send_to(datagram.payload, target).await?;
    }
    Ok(())
}

/// A datagram to the client.
pub(crate) fn datagram<'t>(source: impl TryInto<Target<'t>, Error: fmt::Debug>, payload: &[u8]) -> Vec<u8> {
    let source = source.try_into().expect("a source");
    [Header::new(&source).expect("an address").as_bytes(), payload].concat()
}

impl Traffic {
    fn goes_there(&mut self, target: SocketAddr, payload: usize) -> bool {
        self.there += 1;
        self.longest = self.longest.max(payload);
        self.targets.insert(target);
        self.survives()
    }

    fn comes_back(&mut self) -> bool {
        self.back += 1;
        self.survives()
    }

    /// The same datagrams are lost in each run, as far as they come in the same order.
    fn survives(&mut self) -> bool {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let survives = (self.random >> 33) % 1000 >= self.loss;
        self.lost += u64::from(!survives);
        survives
    }
}
