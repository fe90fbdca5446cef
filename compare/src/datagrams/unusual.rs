//! A datagram that ends within its header, and then one whose payload fills the buffer.

use super::datagram::{DATA, HEADER};
use super::relay::Relay;
use super::{blocking, tokio};

/// The length of the payload, and of the buffer.
const ROOM: usize = 64;

/// A client that receives, its relay, and the call.
pub(super) struct Receiver {
    pub(super) name: &'static str,
    pub(super) relay: Relay,
    pub(super) call: Box<Receive>,
}

/// Receives a datagram. Returns the length of the payload, or the error.
type Receive = dyn Fn(&mut [u8]) -> Result<usize, String>;

/// What a client does with the first of the two datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Dropped,
    Error,
}

/// The fate for each client. The second datagram must arrive whole.
pub(crate) fn fates() -> Vec<(&'static str, Fate)> {
    let receivers = [blocking::receivers(), tokio::receivers()].into_iter().flatten();
    receivers.map(|receiver| (receiver.name, fate(&receiver))).collect()
}

fn fate(Receiver { name, relay, call }: &Receiver) -> Fate {
    relay.give_bytes(&HEADER[..3]);
    relay.give_bytes(&[HEADER, &DATA[..ROOM]].concat());
    let mut room = [0; ROOM];
    let (fate, received) = match call(&mut room) {
        Err(_) => (Fate::Error, call(&mut room)),
        received => (Fate::Dropped, received),
    };
    assert_eq!((received, &room[..]), (Ok(ROOM), &DATA[..ROOM]), "{name}");
    fate
}
