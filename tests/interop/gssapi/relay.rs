//! A TCP relay between a client and a proxy. It captures the bytes, and spoils a frame.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::tunnel::DEADLINE;

/// What happens to a message of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A bit in the middle changes.
    Flip,
    /// It is left out.
    Drop,
    /// It comes behind the next one.
    Swap,
    /// It comes twice.
    Double,
    /// The connection ends within it.
    Cut,
}

/// A message of the proxy: its MTYP, and its number among those of this type, from 1 on.
pub(super) type Position = (u8, usize);

/// The MTYP of RFC 1961.
pub(super) const CONTEXT: u8 = 1;
pub(super) const LEVEL: u8 = 2;
/// The first one is the proxy's reply.
pub(super) const DATA: u8 = 3;

/// It relays one connection.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    captured: Arc<[Mutex<Vec<u8>>; 2]>,
    /// An item for each frame with data that has been handled, if there is a fault.
    frames: Receiver<()>,
}

impl Relay {
    pub(super) fn start(proxy: SocketAddr, fault: Option<(Fault, Position)>) -> Result<Self, String> {
        let reason = |error: io::Error| format!("a relay: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(reason)?;
        let address = listener.local_addr().map_err(reason)?;
        let captured = Arc::<[Mutex<Vec<u8>>; 2]>::default();
        let (handled, frames) = channel();
        let relayed = Arc::clone(&captured);
        thread::spawn(move || {
            // The trial fails by what its client receives.
            let _ended = relay(&listener, proxy, &relayed, fault, &handled);
        });
        Ok(Self { address, captured, frames })
    }

    /// The bytes of the client, and those of the proxy.
    pub(super) fn captured(&self) -> [Vec<u8>; 2] {
        [0, 1].map(|side| lock(&self.captured[side]).clone())
    }

    /// Waits for another frame with data.
    pub(super) fn wait_for_frame(&self) -> Result<(), String> {
        self.frames.recv_timeout(DEADLINE).map_err(|error| format!("no frame of the proxy: {error}"))
    }
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

fn relay(
    listener: &TcpListener,
    proxy: SocketAddr,
    captured: &Arc<[Mutex<Vec<u8>>; 2]>,
    fault: Option<(Fault, Position)>,
    handled: &Sender<()>,
) -> io::Result<()> {
    let (mut client, _) = listener.accept()?;
    let mut proxy = TcpStream::connect(proxy)?;
    // The client sends small messages one after the other.
    client.set_nodelay(true)?;
    proxy.set_nodelay(true)?;
    let (from_client, to_proxy) = (client.try_clone()?, proxy.try_clone()?);
    let sent = Arc::clone(captured);
    thread::spawn(move || copy(from_client, to_proxy, &sent[0]));
    let mut selection = [0; 2];
    proxy.read_exact(&mut selection)?;
    lock(&captured[1]).extend(selection);
    client.write_all(&selection)?;
    match fault {
        Some((fault, position)) => spoil(&mut proxy, &mut client, fault, position, handled),
        None => copy(proxy, client, &captured[1]),
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, captured: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.shutdown(Shutdown::Write),
            n => {
                lock(captured).extend(&buffer[..n]);
                to.write_all(&buffer[..n])?;
            }
        }
    }
}

fn spoil(
    proxy: &mut TcpStream,
    client: &mut TcpStream,
    fault: Fault,
    (mtyp, number): Position,
    handled: &Sender<()>,
) -> io::Result<()> {
    let mut count = 0;
    let mut held = Vec::new();
    loop {
        let mut message = message(proxy)?;
        count += usize::from(message[1] == mtyp);
        let is_data = message[1] == DATA;
        if message[1] == mtyp && count == number {
            let middle = message.len() / 2;
            match fault {
                Fault::Flip => {
                    message[middle] ^= 1;
                    client.write_all(&message)?;
                }
                Fault::Drop => {}
                Fault::Swap => held = message,
                Fault::Double => client.write_all(&[&*message, &message].concat())?,
                Fault::Cut => {
                    client.write_all(&message[..middle])?;
                    client.shutdown(Shutdown::Write)?;
                }
            }
        } else {
            client.write_all(&[message, std::mem::take(&mut held)].concat())?;
        }
        if is_data && handled.send(()).is_err() {
            return Ok(());
        }
    }
}

fn message(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 4];
    from.read_exact(&mut message)?;
    let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
    message.resize(4 + length, 0);
    from.read_exact(&mut message[4..])?;
    Ok(message)
}
