//! `anysocks::blocking`.

mod listening;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

use anysocks::blocking::{Blocking, Socks5Stream, dial};
use anysocks::{Error, SocksStream, Stage, V5, Version};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::Opening;
use crate::tls;
use crate::tunnel::{DEADLINE, HalfClose, Opened, Tunnel, limit, whole};

pub(super) use listening::{bind, listening};

pub(super) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// One thread writes and reads in turns, so the bytes in transit must fit the sockets' buffers.
const WINDOW: usize = 16 * 1024;

pub(super) fn open<V: Version>(opening: &Opening<'_, V>) -> Result<Opened, Error> {
    let target = opening.target.borrowed();
    let Some(config) = &opening.tls else {
        let stream = match opening.early_data {
            [] => SocksStream::<_, V, Blocking>::connect(opening.proxy, target)?,
            bytes => SocksStream::<_, V, Blocking>::connect_with_early_data(opening.proxy, target, bytes)?,
        };
        limited(stream.get_ref()).map_err(|error| Error::io(Stage::Dial, error))?;
        return Ok(opened(stream, opening.inner));
    };
    let stream = over_tls(dial(opening.proxy)?, config)?;
    let stream = SocksStream::<_, V, Blocking>::handshake(stream, opening.auth, target)?;
    Ok(opened(stream, opening.inner))
}

pub(super) fn over_tls(stream: TcpStream, config: &Arc<ClientConfig>) -> Result<TlsStream, Error> {
    limited(&stream).map_err(|error| Error::io(Stage::Dial, error))?;
    let connection = ClientConnection::new(config.clone(), tls::server_name()).map_err(tls::failed)?;
    Ok(StreamOwned::new(connection, stream))
}

pub(super) fn halves(opening: &Opening<'_, V5>, pieces: Vec<Vec<u8>>) -> io::Result<Vec<u8>> {
    let stream = Socks5Stream::connect(opening.proxy, opening.target.borrowed())?;
    limited(stream.get_ref())?;
    let (mut read, mut write) = stream.into_split()?;
    let mut heard = vec![0; pieces.iter().map(Vec::len).sum()];
    let saying = thread::spawn(move || {
        pieces.iter().try_for_each(|piece| write.write_all(piece))?;
        write.flush().map(|()| write)
    });
    read.read_exact(&mut heard)?;
    saying.join().map_err(|_| io::Error::other("the writing thread panicked"))??;
    Ok(heard)
}

pub(super) fn limited(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))
}

pub(super) fn opened<S, V>(stream: SocksStream<S, V, Blocking>, inner: bool) -> Opened
where
    S: Read + Write + HalfClose + 'static,
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

impl<S: Read + Write + HalfClose> Tunnel for Over<S> {
    fn exchange(&mut self, say: &[u8], hear: Option<usize>) -> io::Result<Vec<u8>> {
        let Self(stream) = self;
        let mut heard = Vec::new();
        let mut left = limit(hear);
        for piece in say.chunks(WINDOW) {
            stream.write_all(piece)?;
            stream.flush()?;
            // If the length is unknown, nothing is read before all is sent.
            if hear.is_some() {
                let now = left.min(piece.len() as u64);
                left -= Read::take(&mut *stream, now).read_to_end(&mut heard)? as u64;
            }
        }
        Read::take(stream, left).read_to_end(&mut heard)?;
        whole(heard, hear)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.half_close()
    }
}

impl HalfClose for TcpStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl HalfClose for TlsStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.conn.send_close_notify();
        self.flush()?;
        self.sock.half_close()
    }
}
