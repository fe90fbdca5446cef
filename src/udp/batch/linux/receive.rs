//! Receiving messages of coalesced datagrams, and splitting them.

use crate::udp::batch::incoming::{MAX_MESSAGES, MESSAGE_LEN, Received};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, recvmmsg, recvmsg, setsockopt, sockopt,
};
use socket2::Socket;
use std::array;
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;

/// The buffer of control messages. `UDP_GRO` needs 24 bytes, and the application may have enabled
/// another one by the descriptor.
const CONTROL: usize = 64;

/// From this number of datagrams in a message, one message is received at a time: a call for
/// several costs more than it saves.
const MANY_DATAGRAMS: usize = 16;

/// A buffer with the alignment of `size_t`, which control messages need.
#[repr(align(8))]
struct Control([u8; CONTROL]);

/// Enables `UDP_GRO`: the system coalesces datagrams that arrive close together.
///
/// Plain receives then get coalesced datagrams too, and must use an
/// [`Inbox`](crate::udp::batch::Inbox).
///
/// # Errors
///
/// - An error of the system: Linux is older than 5.0.
pub(crate) fn coalesce(socket: &Socket) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::UdpGroSegment, &true)?)
}

/// Receives the available messages, as far as they fit the buffer.
///
/// Receives one message only, the cheapest call, if the last one had many datagrams.
pub(in crate::udp::batch) fn receive(
    socket: &Socket,
    buffer: &mut [u8],
    received: &mut Received<'_>,
) -> io::Result<()> {
    if buffer.len() <= MESSAGE_LEN || received.datagrams_per_message() >= MANY_DATAGRAMS {
        receive_one(socket, buffer, received)
    } else {
        receive_many(socket, buffer, received)
    }
}

/// Receives one message into the first part of the buffer.
fn receive_one(socket: &Socket, buffer: &mut [u8], received: &mut Received<'_>) -> io::Result<()> {
    let mut control = Control([0; CONTROL]);
    let mut buffers = [IoSliceMut::new(&mut buffer[..MESSAGE_LEN])];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffers, Some(&mut control.0), MsgFlags::empty())?;
    record(&message, 0, received);
    Ok(())
}

/// Receives the available messages, one into each part of the buffer.
///
/// Each call allocates new headers, in three small allocations: `recvmmsg` overwrites the length
/// of each control buffer, and nix can't restore it.
fn receive_many(socket: &Socket, buffer: &mut [u8], received: &mut Received<'_>) -> io::Result<()> {
    let messages = buffer.len() / MESSAGE_LEN;
    let mut headers = MultiHeaders::<()>::preallocate(messages, Some(Vec::with_capacity(CONTROL)));
    let mut parts = buffer.chunks_exact_mut(MESSAGE_LEN);
    let mut buffers: [_; MAX_MESSAGES] =
        array::from_fn(|_| [IoSliceMut::new(parts.next().unwrap_or_default())]);
    let all = recvmmsg(socket.as_raw_fd(), &mut headers, &mut buffers, MsgFlags::MSG_DONTWAIT, None)?;
    for (number, message) in all.enumerate() {
        record(&message, number, received);
    }
    Ok(())
}

/// Adds a message's datagrams, with the length that the control message has.
fn record(message: &RecvMsg<'_, '_, ()>, number: usize, received: &mut Received<'_>) {
    match message.cmsgs() {
        Ok(mut controls) => {
            let stride = controls.find_map(|control| match control {
                ControlMessageOwned::UdpGroSegments(len) => usize::try_from(len).ok(),
                _ => None,
            });
            received.message(number, message.bytes, stride.unwrap_or(message.bytes));
        }
        // The control messages were truncated, so the lengths of the datagrams are unknown. An
        // empty one is added in their place, which is dropped and counted.
        Err(_) => received.message(number, 0, 0),
    }
}
