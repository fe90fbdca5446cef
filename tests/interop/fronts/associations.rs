//! UDP ASSOCIATE with each front end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anysocks::udp::{RecvBatch, SendBatch};
use anysocks::{Address, Error, Proxy, Stage, Target, async_std, blocking, smol, tokio};

use rustls::ClientConfig;

use super::futures_io::{self, AsyncStd, Smol};
use crate::association::Association;
use crate::tunnel::DEADLINE;

type Tls = Option<Arc<ClientConfig>>;

pub(super) fn blocking(proxy: &Proxy, tls: Tls) -> Result<Box<dyn Association>, Error> {
    let socket = match tls {
        None => blocking::Socks5UdpSocket::associate(proxy)?,
        Some(config) => {
            let wrap = move |stream, _: Option<&Proxy>| Ok(super::blocking::over_tls(stream, &config)?);
            blocking::Connector::new(proxy).wrapped(wrap).associate()?
        }
    };
    limited(socket)
}

pub(super) fn limited(socket: blocking::Socks5UdpSocket) -> Result<Box<dyn Association>, Error> {
    let limited =
        socket.set_read_timeout(Some(DEADLINE)).and_then(|()| socket.set_write_timeout(Some(DEADLINE)));
    limited.map_err(|error| Error::io(Stage::Association, error))?;
    Ok(Box::new(socket))
}

/// The asynchronous front ends have the same calls, but no common trait. `timely` awaits a call,
/// and `over_tls` is the front end's TLS.
macro_rules! associate {
    ($name:ident, $timely:expr, $over_tls:path) => {
        pub(super) fn $name(proxy: &Proxy, tls: Tls) -> Result<Box<dyn Association>, Error> {
            let associated = $timely(Stage::Request, async {
                let Some(config) = tls else { return $name::Socks5UdpSocket::associate(proxy).await };
                let wrap = move |stream, _: Option<&Proxy>| {
                    let config = config.clone();
                    async move { Ok($over_tls(stream, &config).await?) }
                };
                $name::Connector::new(proxy).wrapped(wrap).associate().await
            });
            associated.map(|socket| Box::new(socket) as Box<dyn Association>)
        }
    };
}

associate!(tokio, super::tokio::timely, super::tokio::over_tls);
associate!(async_std, futures_io::timely::<AsyncStd, _>, futures_io::over_tls);
associate!(smol, futures_io::timely::<Smol, _>, futures_io::over_tls);

impl Association for blocking::Socks5UdpSocket {
    fn send_to(&self, payload: &[u8], target: &Target<'_>) -> io::Result<usize> {
        self.send_to(payload, target)
    }

    fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        self.recv_from(buf)
    }

    fn connect(&self, target: &Target<'_>) -> io::Result<()> {
        self.connect(target)
    }

    fn send(&self, payload: &[u8]) -> io::Result<usize> {
        self.send(payload)
    }

    fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.recv(buf)
    }

    fn send_in_place(&self, buf: &mut [u8], target: &Target<'_>) -> io::Result<usize> {
        self.send_in_place(buf, target)
    }

    fn recv_in_place(&self, buf: &mut [u8]) -> io::Result<(Vec<u8>, Address)> {
        let datagram = self.recv_in_place(buf)?;
        Ok((datagram.payload.to_vec(), datagram.source.to_address()))
    }

    fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize> {
        self.send_batch(batch)
    }

    fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.recv_batch(batch)
    }

    fn closed(&self) -> io::Result<io::Error> {
        Ok(self.closed())
    }

    fn max_payload(&self, target: &Target<'_>) -> usize {
        self.max_payload(target)
    }

    fn dropped(&self) -> u64 {
        self.dropped()
    }

    fn relay_addr(&self) -> SocketAddr {
        self.relay_addr()
    }

    fn local_addr(&self) -> SocketAddr {
        self.local_addr()
    }
}

/// The asynchronous sockets have the same methods, but no common trait. `in_time` awaits a call.
macro_rules! waits {
    ($socket:ty, $in_time:expr) => {
        impl Association for $socket {
            fn send_to(&self, payload: &[u8], target: &Target<'_>) -> io::Result<usize> {
                $in_time(self.send_to(payload, target))
            }

            fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
                $in_time(self.recv_from(buf))
            }

            fn connect(&self, target: &Target<'_>) -> io::Result<()> {
                $in_time(self.connect(target))
            }

            fn send(&self, payload: &[u8]) -> io::Result<usize> {
                $in_time(self.send(payload))
            }

            fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                $in_time(self.recv(buf))
            }

            fn send_in_place(&self, buf: &mut [u8], target: &Target<'_>) -> io::Result<usize> {
                $in_time(self.send_in_place(buf, target))
            }

            fn recv_in_place(&self, buf: &mut [u8]) -> io::Result<(Vec<u8>, Address)> {
                let datagram = $in_time(self.recv_in_place(buf))?;
                Ok((datagram.payload.to_vec(), datagram.source.to_address()))
            }

            fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize> {
                $in_time(self.send_batch(batch))
            }

            fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize> {
                $in_time(self.recv_batch(batch))
            }

            fn closed(&self) -> io::Result<io::Error> {
                $in_time(async { Ok(self.closed().await) })
            }

            fn max_payload(&self, target: &Target<'_>) -> usize {
                self.max_payload(target)
            }

            fn dropped(&self) -> u64 {
                self.dropped()
            }

            fn relay_addr(&self) -> SocketAddr {
                self.relay_addr()
            }

            fn local_addr(&self) -> SocketAddr {
                self.local_addr()
            }
        }
    };
}

waits!(tokio::Socks5UdpSocket, super::tokio::block_on);
waits!(async_std::Socks5UdpSocket, futures_io::block_on::<AsyncStd, _>);
waits!(smol::Socks5UdpSocket, futures_io::block_on::<Smol, _>);
