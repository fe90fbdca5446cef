//! Receiving: messages that the system put together, taken apart again.

use crate::udp::batch::incoming::{MESSAGE, MOST_MESSAGES, Received};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, recvmmsg, recvmsg, setsockopt, sockopt,
};
use socket2::Socket;
use std::array;
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;

/// Room for control messages: `UDP_GRO` has 24 bytes, and the application may have switched on another one by the descriptor.
const CONTROL: usize = 64;

/// With so many datagrams in a message, to look for another one costs more than it is likely to bring.
const ENOUGH: usize = 16;

/// Control messages have to be aligned as the system's `size_t`.
#[repr(align(8))]
struct Control([u8; CONTROL]);

/// Lets the system put datagrams together that come close to each other (`UDP_GRO`). It does so for plain receives too, which have to go
/// through an [`Inbox`](crate::udp::batch::Inbox) from then on.
///
/// # Errors
///
/// The system is older than Linux 5.0.
pub(crate) fn coalesce(socket: &Socket) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::UdpGroSegment, &true)?)
}

/// Receives what is there, as far as there is room.
///
/// A message of many datagrams is asked for alone. That is the cheapest, and is done as long as it brings what it did the last time.
pub(in crate::udp::batch) fn receive(
    socket: &Socket,
    room: &mut [u8],
    received: &mut Received<'_>,
) -> io::Result<()> {
    if room.len() <= MESSAGE || received.habit() >= ENOUGH {
        receive_one(socket, room, received)
    } else {
        receive_many(socket, room, received)
    }
}

/// Receives one message into the first place.
fn receive_one(socket: &Socket, room: &mut [u8], received: &mut Received<'_>) -> io::Result<()> {
    let mut control = Control([0; CONTROL]);
    let mut buffers = [IoSliceMut::new(&mut room[..MESSAGE])];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffers, Some(&mut control.0), MsgFlags::empty())?;
    note(&message, 0, received);
    Ok(())
}

/// Receives as many messages as are there and have a place.
///
/// The headers are made anew for each call: `recvmmsg` leaves in them how much of the control buffers was used, not how much there is,
/// and nothing can restore it. That is three small allocations.
fn receive_many(socket: &Socket, room: &mut [u8], received: &mut Received<'_>) -> io::Result<()> {
    let messages = room.len() / MESSAGE;
    let mut headers = MultiHeaders::<()>::preallocate(messages, Some(Vec::with_capacity(CONTROL)));
    let mut places = room.chunks_exact_mut(MESSAGE);
    let mut buffers: [_; MOST_MESSAGES] =
        array::from_fn(|_| [IoSliceMut::new(places.next().unwrap_or_default())]);
    let all = recvmmsg(socket.as_raw_fd(), &mut headers, &mut buffers, MsgFlags::MSG_DONTWAIT, None)?;
    for (place, message) in all.enumerate() {
        note(&message, place, received);
    }
    Ok(())
}

fn note(message: &RecvMsg<'_, '_, ()>, place: usize, received: &mut Received<'_>) {
    match message.cmsgs() {
        Ok(mut controls) => {
            let stride = controls.find_map(|control| match control {
                ControlMessageOwned::UdpGroSegments(len) => usize::try_from(len).ok(),
                _ => None,
            });
            received.message(place, message.bytes, stride.unwrap_or(message.bytes));
        }
        // There was no room for all control messages, so nobody knows where one datagram ends. An empty one is dropped and counted.
        Err(_) => received.message(place, 0, 0),
    }
}
