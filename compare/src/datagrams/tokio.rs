//! The ways of tokio's tasks, on a runtime of one thread.
//!
//! The runtime is entered before the clock starts. Each socket is ready before its call, so that
//! no call waits.

use super::datagram::{BATCH, DATA, HEADER, LONGEST, ROOM, TARGET};
use super::relay::{Proxy, Relay};
use super::way::{Role, Way};
#[cfg(test)]
use super::{relay::PATIENCE, unusual::Receiver};
use anysocks::tokio::Socks5UdpSocket;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use async_socks5::SocksDatagram;
use fast_socks5::client::Socks5Datagram;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, UdpSocket};
use tokio::runtime::{Builder, Runtime};

/// Where the sockets of one kind live.
#[derive(Clone)]
struct Lab(Rc<Runtime>);

pub(super) fn send() -> Vec<Way> {
    let lab = Lab::new();
    vec![
        lab.sending("tokio UdpSocket::send", Role::Bare, lab.bare(), async |socket, data| {
            socket.send(data).await.expect("a datagram that leaves")
        }),
        lab.sending("the same again", Role::BareAgain, lab.bare(), async |socket, data| {
            socket.send(data).await.expect("a datagram that leaves")
        }),
        lab.sending("anysocks send_to", Role::Ours, lab.associated(), async |socket, data| {
            socket.send_to(data, TARGET).await.expect("a datagram that leaves")
        }),
        lab.sending("anysocks send", Role::Ours, lab.connected(), async |socket, data| {
            socket.send(data).await.expect("a datagram that leaves")
        }),
        lab.send_in_place(),
        lab.send_batch(),
        lab.sending("fast-socks5 send_to", Role::Rival, lab.fast_socks5(), async |socket, data| {
            socket.send_to(data, TARGET).await.expect("a datagram that leaves")
        }),
        lab.sending("async-socks5 send_to", Role::Rival, lab.async_socks5(), async |socket, data| {
            // It counts the header too.
            socket.send_to(data, TARGET).await.expect("a datagram that leaves") - HEADER.len()
        }),
    ]
}

#[allow(clippy::large_futures, reason = "fast-socks5's is what it is")]
pub(super) fn receive() -> Vec<Way> {
    let lab = Lab::new();
    vec![
        lab.receiving("tokio UdpSocket::recv", Role::Bare, lab.bare(), async |socket, room| {
            socket.recv(room).await.expect("a datagram")
        }),
        lab.receiving("the same again", Role::BareAgain, lab.bare(), async |socket, room| {
            socket.recv(room).await.expect("a datagram")
        }),
        lab.receiving("anysocks recv_from", Role::Ours, lab.associated(), async |socket, room| {
            socket.recv_from(room).await.expect("a datagram").0
        }),
        lab.receiving("anysocks recv", Role::Ours, lab.connected(), async |socket, room| {
            socket.recv(room).await.expect("a datagram")
        }),
        lab.receiving("anysocks recv_in_place", Role::Ours, lab.associated(), async |socket, room| {
            socket.recv_in_place(room).await.expect("a datagram").payload.len()
        }),
        lab.receive_batch(),
        lab.receiving("fast-socks5 recv_from", Role::Rival, lab.fast_socks5(), async |socket, room| {
            socket.recv_from(room).await.expect("a datagram").0
        }),
        lab.receiving("async-socks5 recv_from", Role::Rival, lab.async_socks5(), async |socket, room| {
            socket.recv_from(room).await.expect("a datagram").0
        }),
    ]
}

#[cfg(test)]
#[allow(clippy::large_futures, reason = "fast-socks5's is what it is")]
pub(super) fn receivers() -> Vec<Receiver> {
    let lab = Lab::new();
    vec![
        lab.receiver("anysocks", lab.associated(), async |socket, room| {
            socket.recv_from(room).await.map(|(n, _)| n).map_err(|error| error.to_string())
        }),
        lab.receiver("fast-socks5", lab.fast_socks5(), async |socket, room| {
            socket.recv_from(room).await.map(|(n, _)| n).map_err(|error| error.to_string())
        }),
        lab.receiver("async-socks5", lab.async_socks5(), async |socket, room| {
            socket.recv_from(room).await.map(|(n, _)| n).map_err(|error| error.to_string())
        }),
    ]
}

/// How long it takes to call for a batch, datagram by datagram.
async fn each(mut call: impl AsyncFnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..BATCH {
        call().await;
    }
    start.elapsed()
}

impl Lab {
    fn new() -> Self {
        Self(Rc::new(Builder::new_current_thread().enable_all().build().expect("a runtime")))
    }

    fn bare(&self) -> (Relay, UdpSocket) {
        let (relay, socket) = Relay::bare();
        let _runtime = self.0.enter();
        socket.set_nonblocking(true).expect("a socket that does not block");
        (relay, UdpSocket::from_std(socket).expect("a socket"))
    }

    fn associated(&self) -> (Relay, Socks5UdpSocket) {
        let proxy = Proxy::new();
        let socket = self.0.block_on(Socks5UdpSocket::associate(proxy.addr)).expect("an association");
        (proxy.relay(socket.local_addr()), socket)
    }

    fn connected(&self) -> (Relay, Socks5UdpSocket) {
        let (relay, socket) = self.associated();
        self.0.block_on(socket.connect(TARGET)).expect("a peer");
        (relay, socket)
    }

    fn fast_socks5(&self) -> (Relay, Socks5Datagram<TcpStream>) {
        let proxy = Proxy::new();
        let socket = self.0.block_on(async {
            let stream = TcpStream::connect(proxy.addr).await.expect("a connection");
            Socks5Datagram::bind(stream, "127.0.0.1:0").await.expect("an association")
        });
        let client = socket.get_ref().local_addr().expect("an address");
        (proxy.relay(client), socket)
    }

    fn async_socks5(&self) -> (Relay, SocksDatagram<TcpStream>) {
        let proxy = Proxy::new();
        let socket = self.0.block_on(async {
            let stream = TcpStream::connect(proxy.addr).await.expect("a connection");
            let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
            let any = None::<SocketAddr>;
            SocksDatagram::associate(stream, socket, None, any).await.expect("an association")
        });
        let client = socket.get_ref().local_addr().expect("an address");
        (proxy.relay(client), socket)
    }

    fn sending<S: 'static>(
        &self,
        name: &'static str,
        role: Role,
        (relay, socket): (Relay, S),
        call: impl AsyncFn(&S, &[u8]) -> usize + 'static,
    ) -> Way {
        let Self(runtime) = self.clone();
        Way::send(name, role, relay, move |size| {
            runtime.block_on(each(async || assert_eq!(call(&socket, &DATA[..size]).await, size)))
        })
    }

    fn send_in_place(&self) -> Way {
        let Self(runtime) = self.clone();
        let (relay, socket) = self.associated();
        let mut room = [7; HEADROOM + LONGEST];
        Way::send("anysocks send_in_place", Role::Ours, relay, move |size| {
            let data = &mut room[..HEADROOM + size];
            runtime.block_on(each(async || {
                let sent = socket.send_in_place(data, TARGET).await;
                assert_eq!(sent.expect("a datagram that leaves"), size);
            }))
        })
    }

    fn send_batch(&self) -> Way {
        let Self(runtime) = self.clone();
        let (relay, socket) = self.associated();
        let mut batch = SendBatch::new();
        Way::send("anysocks send_batch", Role::OurBatch, relay, move |size| {
            runtime.block_on(async {
                let start = Instant::now();
                for _ in 0..BATCH {
                    batch.push(&DATA[..size], TARGET).expect("room for a datagram");
                }
                while !batch.is_empty() {
                    socket.send_batch(&mut batch).await.expect("datagrams that leave");
                }
                start.elapsed()
            })
        })
    }

    fn receiving<S: 'static>(
        &self,
        name: &'static str,
        role: Role,
        (relay, socket): (Relay, S),
        call: impl AsyncFn(&S, &mut [u8]) -> usize + 'static,
    ) -> Way {
        let Self(runtime) = self.clone();
        let mut room = [0; ROOM];
        Way::receive(name, role, relay, move |size| {
            runtime.block_on(each(async || assert_eq!(call(&socket, &mut room).await, size)))
        })
    }

    #[cfg(test)]
    fn receiver<S: 'static>(
        &self,
        name: &'static str,
        (relay, socket): (Relay, S),
        call: impl AsyncFn(&S, &mut [u8]) -> Result<usize, String> + 'static,
    ) -> Receiver {
        let Self(runtime) = self.clone();
        let call = move |room: &mut [u8]| {
            let received = async { tokio::time::timeout(PATIENCE, call(&socket, room)).await };
            runtime.block_on(received).map_err(|late| late.to_string())?
        };
        Receiver { name, relay, call: Box::new(call) }
    }

    fn receive_batch(&self) -> Way {
        let Self(runtime) = self.clone();
        let (relay, socket) = self.associated();
        let mut batch = RecvBatch::default();
        Way::receive("anysocks recv_batch", Role::OurBatch, relay.at_once(), move |size| {
            runtime.block_on(async {
                let start = Instant::now();
                let mut left = usize::from(BATCH);
                while left > 0 {
                    left -= socket.recv_batch(&mut batch).await.expect("datagrams");
                    assert!(batch.iter().all(|datagram| datagram.payload.len() == size));
                }
                start.elapsed()
            })
        })
    }
}
