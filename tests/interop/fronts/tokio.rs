//! `anysocks::tokio`.

mod listening;

use std::io;
use std::sync::{Arc, LazyLock};

use anysocks::tokio::{Socks5Stream, Tokio, dial};
use anysocks::{Error, SocksStream, Stage, V5, Version};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Opening;
use crate::tls;
use crate::tunnel::{DEADLINE, Opened, Tunnel, limit, whole};

pub(super) use listening::{bind, listening};

/// Never dropped: it would wait for a name server that does not answer.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

pub(super) fn block_on<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    RUNTIME
        .block_on(async { timeout(DEADLINE, work).await })
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

pub(super) fn timely<T>(stage: Stage, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // The inner result is the call's own, and the outer one is the timeout's.
    block_on(async { Ok(work.await) }).unwrap_or_else(|late| Err(Error::io(stage, late)))
}

pub(super) fn open<V: Version>(opening: &Opening<'_, V>) -> Result<Opened, Error> {
    timely(Stage::Request, connect(opening))
}

async fn connect<V: Version>(opening: &Opening<'_, V>) -> Result<Opened, Error> {
    let target = opening.target.borrowed();
    let Some(config) = &opening.tls else {
        let stream = match opening.early_data {
            [] => SocksStream::<_, V, Tokio>::connect(opening.proxy, target).await?,
            bytes => {
                SocksStream::<_, V, Tokio>::connect_with_early_data(opening.proxy, target, bytes).await?
            }
        };
        return Ok(opened(stream, opening.inner));
    };
    let stream = over_tls(dial(opening.proxy).await?, config).await?;
    let stream = SocksStream::<_, V, Tokio>::handshake(stream, opening.auth, target).await?;
    Ok(opened(stream, opening.inner))
}

pub(super) async fn over_tls(
    stream: TcpStream,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Error> {
    let connector = TlsConnector::from(config.clone());
    connector.connect(tls::server_name(), stream).await.map_err(tls::failed)
}

pub(super) fn halves(opening: &Opening<'_, V5>, pieces: Vec<Vec<u8>>) -> io::Result<Vec<u8>> {
    block_on(async {
        let stream = Socks5Stream::connect(opening.proxy, opening.target.borrowed()).await?;
        let (mut read, mut write) = stream.into_split()?;
        let mut heard = vec![0; pieces.iter().map(Vec::len).sum()];
        // Returns the half: tokio closes its direction when it is dropped, which some proxies
        // handle badly.
        let saying = tokio::spawn(async move {
            for piece in &pieces {
                write.write_all(piece).await?;
            }
            write.flush().await.map(|()| write)
        });
        read.read_exact(&mut heard).await?;
        saying.await??;
        Ok(heard)
    })
}

pub(super) fn opened<S, V>(stream: SocksStream<S, V, Tokio>, inner: bool) -> Opened
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    V: Version,
{
    let bound = stream.bound_addr().clone();
    let tunnel: Box<dyn Tunnel> = if inner {
        Box::new(Over(stream.into_inner().expect("a bare stream")))
    } else {
        Box::new(Over(stream))
    };
    Opened { bound, tunnel }
}

struct Over<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Tunnel for Over<S> {
    fn exchange(&mut self, say: &[u8], hear: Option<usize>) -> io::Result<Vec<u8>> {
        block_on(async {
            let (read, mut write) = tokio::io::split(&mut self.0);
            let mut heard = Vec::new();
            let mut read = read.take(limit(hear));
            let saying = async {
                write.write_all(say).await?;
                write.flush().await
            };
            tokio::try_join!(saying, read.read_to_end(&mut heard))?;
            whole(heard, hear)
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        block_on(self.0.shutdown())
    }
}
