//! `anysocks::async_std`, `anysocks::smol` and `anysocks::futures`: the same traits, and three
//! ways to connect.

mod listening;

use std::io;
use std::marker::PhantomData;
use std::net::Shutdown;
use std::sync::Arc;

use anysocks::futures::FuturesIo;
use anysocks::{Endpoint, Error, Proxy, SocksStream, Stage, V5, Version};
use async_io::Timer;
use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use rustls::ClientConfig;
use smol::future;
use smol::io::{AsyncReadExt, AsyncWriteExt};

use super::Opening;
use crate::tls;
use crate::tunnel::{DEADLINE, HalfClose, Opened, Tunnel, limit, whole};

pub(super) use anysocks::async_std::AsyncStd;
pub(super) use anysocks::futures::Futures;
pub(super) use anysocks::smol::Smol;
pub(super) use listening::{bind, bind_over_stream, listening};

/// How these front ends differ.
pub(super) trait Connects: FuturesIo + Sized + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + HalfClose + 'static;

    fn block_on<T>(work: impl Future<Output = T>) -> T;

    async fn dial(proxy: &Proxy) -> Result<Self::Stream, Error>;

    async fn connect<V: Version>(
        opening: &Opening<'_, V>,
    ) -> Result<SocksStream<Self::Stream, V, Self>, Error>;
}

/// The front end of a runtime, which dials.
macro_rules! connects {
    ($front:ty, $stream:ty, $block_on:path, $dial:path) => {
        impl Connects for $front {
            type Stream = $stream;

            fn block_on<T>(work: impl Future<Output = T>) -> T {
                $block_on(work)
            }

            async fn dial(proxy: &Proxy) -> Result<Self::Stream, Error> {
                $dial(proxy).await
            }

            async fn connect<V: Version>(
                opening: &Opening<'_, V>,
            ) -> Result<SocksStream<Self::Stream, V, Self>, Error> {
                let target = opening.target.borrowed();
                match opening.early_data {
                    [] => SocksStream::<_, V, Self>::connect(opening.proxy, target).await,
                    bytes => {
                        SocksStream::<_, V, Self>::connect_with_early_data(opening.proxy, target, bytes).await
                    }
                }
            }
        }
    };
}

connects!(AsyncStd, async_std::net::TcpStream, async_std::task::block_on, anysocks::async_std::dial);
connects!(Smol, smol::net::TcpStream, smol::block_on, anysocks::smol::dial);

/// A stream that the caller has connected.
impl Connects for Futures {
    type Stream = smol::net::TcpStream;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        smol::block_on(work)
    }

    async fn dial(proxy: &Proxy) -> Result<Self::Stream, Error> {
        let Endpoint::Addr(address) = proxy.endpoint() else {
            return Err(Error::io(Stage::Dial, io::ErrorKind::Unsupported.into()));
        };
        smol::net::TcpStream::connect(address).await.map_err(|error| Error::io(Stage::Dial, error))
    }

    async fn connect<V: Version>(
        opening: &Opening<'_, V>,
    ) -> Result<SocksStream<Self::Stream, V, Self>, Error> {
        let stream = Self::dial(opening.proxy).await?;
        SocksStream::<_, V, Self>::handshake(stream, opening.auth, opening.target.borrowed()).await
    }
}

pub(super) fn open<F: Connects, V: Version>(opening: &Opening<'_, V>) -> Result<Opened, Error> {
    timely::<F, _>(Stage::Request, connect::<F, V>(opening))
}

pub(super) fn timely<F: Connects, T>(
    stage: Stage,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // The inner result is the call's own, and the outer one is the timeout's.
    block_on::<F, _>(async { Ok(work.await) }).unwrap_or_else(|late| Err(Error::io(stage, late)))
}

async fn connect<F: Connects, V: Version>(opening: &Opening<'_, V>) -> Result<Opened, Error> {
    let Some(config) = &opening.tls else {
        return Ok(opened(F::connect(opening).await?, opening.inner));
    };
    let stream = over_tls(F::dial(opening.proxy).await?, config).await?;
    let target = opening.target.borrowed();
    let stream = SocksStream::<_, V, F>::handshake(stream, opening.auth, target).await?;
    Ok(opened(stream, opening.inner))
}

pub(super) async fn over_tls<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<S>, Error> {
    let connector = TlsConnector::from(config.clone());
    connector.connect(tls::server_name(), stream).await.map_err(tls::failed)
}

pub(super) fn block_on<F: Connects, T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    F::block_on(future::or(work, async {
        Timer::after(DEADLINE).await;
        Err(io::ErrorKind::TimedOut.into())
    }))
}

pub(super) fn async_std_halves(opening: &Opening<'_, V5>, pieces: Vec<Vec<u8>>) -> io::Result<Vec<u8>> {
    block_on::<AsyncStd, _>(async {
        let (mut read, mut write) = AsyncStd::connect(opening).await?.into_split()?;
        let mut heard = vec![0; pieces.iter().map(Vec::len).sum()];
        let saying = async_std::task::spawn(async move {
            for piece in &pieces {
                write.write_all(piece).await?;
            }
            write.flush().await
        });
        read.read_exact(&mut heard).await?;
        saying.await?;
        Ok(heard)
    })
}

pub(super) fn smol_halves(opening: &Opening<'_, V5>, pieces: Vec<Vec<u8>>) -> io::Result<Vec<u8>> {
    block_on::<Smol, _>(async {
        let (mut read, mut write) = Smol::connect(opening).await?.into_split()?;
        let mut heard = vec![0; pieces.iter().map(Vec::len).sum()];
        let saying = smol::spawn(async move {
            for piece in &pieces {
                write.write_all(piece).await?;
            }
            write.flush().await
        });
        read.read_exact(&mut heard).await?;
        saying.await?;
        Ok(heard)
    })
}

pub(super) fn opened<S, V, F>(stream: SocksStream<S, V, F>, inner: bool) -> Opened
where
    S: AsyncRead + AsyncWrite + Unpin + HalfClose + 'static,
    V: Version,
    F: Connects,
{
    let bound = stream.bound_addr().clone();
    let front = PhantomData::<F>;
    let tunnel: Box<dyn Tunnel> = if inner {
        Box::new(Over { stream: stream.into_inner().expect("a bare stream"), front })
    } else {
        Box::new(Over { stream, front })
    };
    Opened { bound, tunnel }
}

struct Over<S, F> {
    stream: S,
    front: PhantomData<F>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + HalfClose, F: Connects> Tunnel for Over<S, F> {
    fn exchange(&mut self, say: &[u8], hear: Option<usize>) -> io::Result<Vec<u8>> {
        block_on::<F, _>(async {
            let (read, mut write) = smol::io::split(&mut self.stream);
            let mut heard = Vec::new();
            let mut read = read.take(limit(hear));
            let saying = async {
                write.write_all(say).await?;
                write.flush().await
            };
            future::try_zip(saying, read.read_to_end(&mut heard)).await?;
            whole(heard, hear)
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        block_on::<F, _>(self.stream.close())?;
        self.stream.half_close()
    }
}

impl HalfClose for async_std::net::TcpStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// It has closed its direction.
impl HalfClose for smol::net::TcpStream {
    fn half_close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: HalfClose> HalfClose for TlsStream<S> {
    fn half_close(&mut self) -> io::Result<()> {
        self.get_mut().0.half_close()
    }
}
