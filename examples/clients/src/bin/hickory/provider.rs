//! What hickory asks for sockets: each UDP one is an association, each TCP one a tunnel.

use anysocks::tokio::{Connector, Socks5UdpSocket};
use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioTime};
use std::task::{Context, Poll, ready};
use std::{io, net::SocketAddr, pin::Pin, time::Duration};
use tokio::net::TcpStream;

type Connecting<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

#[derive(Clone)]
pub(crate) struct ThroughProxy {
    pub(crate) connector: Connector,
    pub(crate) handle: TokioHandle,
}

impl RuntimeProvider for ThroughProxy {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Datagrams;
    type Tcp = AsyncIoTokioAsStd<TcpStream>;

    fn create_handle(&self) -> TokioHandle {
        self.handle.clone()
    }

    fn connect_tcp(
        &self,
        to: SocketAddr,
        _: Option<SocketAddr>,
        _: Option<Duration>,
    ) -> Connecting<Self::Tcp> {
        let connector = self.connector.clone();
        Box::pin(async move { Ok(AsyncIoTokioAsStd(connector.connect(to).await?.into_inner())) })
    }

    fn bind_udp(&self, _: SocketAddr, _: SocketAddr) -> Connecting<Datagrams> {
        let connector = self.connector.clone();
        Box::pin(async move { Ok(Datagrams(connector.associate().await?)) })
    }
}

pub(crate) struct Datagrams(Socks5UdpSocket);

impl DnsUdpSocket for Datagrams {
    type Time = TokioTime;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let (len, source) = ready!(self.0.poll_recv_from(cx, buf))?;
        let source = source.socket_addr().ok_or_else(|| io::Error::other("an answer from a name"));
        Poll::Ready(source.map(|source| (len, source)))
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, buf, &to.try_into()?)
    }
}
