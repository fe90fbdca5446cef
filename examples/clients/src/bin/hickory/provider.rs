//! A provider of sockets for hickory, to copy. UDP sockets are associations, and TCP sockets are
//! tunnels. Local addresses are chosen by the proxy.

use anysocks::tokio::{Connector, Socks5UdpSocket};
use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioTime};
use std::task::{Context, Poll, ready};
use std::{io, net::SocketAddr, pin::Pin, time::Duration};
use tokio::{net::TcpStream, time::timeout};

type Connecting<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

#[derive(Clone)]
pub(crate) struct ThroughProxy(pub(crate) Connector, pub(crate) TokioHandle);

impl RuntimeProvider for ThroughProxy {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Datagrams;
    type Tcp = AsyncIoTokioAsStd<TcpStream>;

    fn create_handle(&self) -> TokioHandle {
        self.1.clone()
    }

    fn connect_tcp(
        &self,
        to: SocketAddr,
        _: Option<SocketAddr>,
        limit: Option<Duration>,
    ) -> Connecting<Self::Tcp> {
        let connector = self.0.clone();
        Box::pin(async move {
            let limit = limit.unwrap_or(Duration::from_secs(5));
            let stream = timeout(limit, connector.connect(to)).await??;
            Ok(AsyncIoTokioAsStd(stream.into_inner().map_err(io::Error::other)?))
        })
    }

    fn bind_udp(&self, _: SocketAddr, _: SocketAddr) -> Connecting<Datagrams> {
        let connector = self.0.clone();
        Box::pin(async move { Ok(Datagrams(connector.associate().await?)) })
    }
}

pub(crate) struct Datagrams(Socks5UdpSocket);

impl DnsUdpSocket for Datagrams {
    type Time = TokioTime;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let (len, source) = ready!(self.0.poll_recv_from(cx, buf))?;
        let source = source
            .socket_addr()
            .ok_or_else(|| io::Error::other("the source of an answer is a name, not an address"))?;
        Poll::Ready(Ok((len, source)))
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, buf, &to.try_into()?)
    }
}
