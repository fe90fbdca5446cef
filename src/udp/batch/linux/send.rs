//! Sending: neighbours of one length as one buffer, the others with one call.

use super::segmentation::{CutEvery, Segmentation};
use crate::udp::batch::outgoing::total;
use crate::udp::batch::{LONGEST, SendBatch};
use arrayvec::ArrayVec;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};
use socket2::{MsgHdr, Socket};
use std::io::{self, IoSlice};
use std::{array, slice};

/// The most datagrams that the system cuts out of one buffer.
const SEGMENTS: usize = 64;

/// The most datagrams of one `sendmmsg`, whose headers stand on the stack.
const MESSAGES: usize = 32;

/// Sends the first datagrams of a batch that is not empty with one system call, and says how many left with it.
pub(in crate::udp::batch) fn send_some(
    socket: &Socket,
    batch: &SendBatch,
    segmentation: &Segmentation,
) -> io::Result<usize> {
    send_first(
        (batch.bytes(), batch.lengths()),
        segmentation,
        |bytes, len| send_run(socket, bytes, len),
        |bytes, lengths| send_alone(socket, bytes, lengths),
    )
}

fn send_first(
    (bytes, lengths): (&[u8], &[u16]),
    segmentation: &Segmentation,
    send_run: impl FnOnce(&[u8], u16) -> io::Result<()>,
    send_alone: impl FnOnce(&[u8], &[u16]) -> io::Result<usize>,
) -> io::Result<usize> {
    let run = &lengths[..run(lengths, segmentation)];
    if let [first, _, ..] = *run {
        match send_run(&bytes[..total(run)], first) {
            Err(error) if segmentation.learn(first, &error) => {}
            result => return result.map(|()| run.len()),
        }
    }
    send_alone(bytes, &lengths[..alone(lengths, segmentation)])
}

/// How many datagrams from the first can leave as one buffer: those of its length, and one that is shorter behind them.
fn run(lengths: &[u16], segmentation: &Segmentation) -> usize {
    let Some(&first) = lengths.first() else { return 0 };
    if !segmentation.takes(first) {
        return 1;
    }
    let most = SEGMENTS.min(usize::from(LONGEST / first));
    let equal = lengths.iter().take(most).take_while(|len| **len == first).count();
    match lengths.get(equal) {
        Some(&last) if equal < SEGMENTS && last < first && total(&lengths[..=equal]) <= LONGEST.into() => {
            equal + 1
        }
        _ => equal,
    }
}

/// How many datagrams come before the next that can leave with a neighbour: the first in any case.
fn alone(lengths: &[u16], segmentation: &Segmentation) -> usize {
    let behind = (1..lengths.len().min(MESSAGES)).take_while(|&n| run(&lengths[n..], segmentation) < 2);
    1 + behind.count()
}

fn send_run(socket: &Socket, bytes: &[u8], len: u16) -> io::Result<()> {
    let cut = CutEvery::new(len);
    let buffers = [IoSlice::new(bytes)];
    let message = MsgHdr::new().with_buffers(&buffers).with_control(cut.as_bytes());
    socket.sendmsg(&message, 0).map(drop)
}

fn send_alone(socket: &Socket, mut bytes: &[u8], lengths: &[u16]) -> io::Result<usize> {
    if let [len] = *lengths {
        return socket.send(&bytes[..len.into()]).map(|_| 1);
    }
    let mut each = ArrayVec::<_, MESSAGES>::new();
    for len in lengths.iter().take(MESSAGES) {
        let (datagram, rest) = bytes.split_at(usize::from(*len));
        each.push(IoSlice::new(datagram));
        bytes = rest;
    }
    let mut no_control: [_; MESSAGES] = array::from_fn(|_| SendAncillaryBuffer::default());
    let mut messages: ArrayVec<_, MESSAGES> = each
        .iter()
        .zip(&mut no_control)
        .map(|(datagram, none)| MMsgHdr::new(slice::from_ref(datagram), none))
        .collect();
    Ok(sendmmsg(socket, &mut messages, SendFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    /// Which datagrams leave together, and which alone.
    fn parts(mut lengths: &[u16], segmentation: &Segmentation) -> Vec<(bool, usize)> {
        let mut parts = Vec::new();
        while !lengths.is_empty() {
            let bytes = vec![0; total(lengths)];
            let mut together = false;
            let sent = send_first(
                (&bytes, lengths),
                segmentation,
                |bytes, len| {
                    together = true;
                    assert!(bytes.len() <= LONGEST.into() && len == lengths[0]);
                    Ok(())
                },
                |_, lengths| Ok(lengths.len()),
            );
            let sent = sent.unwrap();
            parts.push((together, sent));
            lengths = &lengths[sent..];
        }
        parts
    }

    #[test]
    fn neighbours_of_one_length_leave_together() {
        let any = Segmentation::up_to(u16::MAX);
        for (lengths, expected) in [
            (&[10][..], &[(false, 1)][..]),
            (&[10, 10, 10], &[(true, 3)]),
            (&[10, 10, 9], &[(true, 3)]),
            (&[10, 10, 9, 9], &[(true, 3), (false, 1)]),
            (&[10, 9, 8], &[(true, 2), (false, 1)]),
            (&[10, 11, 12], &[(false, 3)]),
            (&[10, 11, 12, 12, 13], &[(false, 2), (true, 2), (false, 1)]),
            (&[10; 64], &[(true, 64)]),
            (&[10; 65], &[(true, 64), (false, 1)]),
            (&[1200; 60], &[(true, 54), (true, 6)]),
            (&[32_753, 32_753, 1], &[(true, 3)]),
            (&[32_753, 32_753, 2], &[(true, 2), (false, 1)]),
            (&[32_753, 32_754, 32_753], &[(false, 1), (true, 2)]),
            (&[LONGEST, LONGEST], &[(false, 2)]),
        ] {
            assert_eq!(parts(lengths, &any), expected, "{lengths:?}");
        }
        let ascending: Vec<u16> = (10..110).collect();
        assert_eq!(parts(&ascending, &any), [(false, 32), (false, 32), (false, 32), (false, 4)]);
    }

    #[test]
    fn what_is_too_long_for_the_route_leaves_alone() {
        let mtu = Segmentation::up_to(1472);
        assert_eq!(parts(&[1473, 1473, 1472, 1472], &mtu), [(false, 2), (true, 2)]);
        assert_eq!(parts(&[10, 10, 10], &Segmentation::up_to(0)), [(false, 3)]);
    }

    #[test]
    fn a_refused_run_leaves_without_cutting_and_the_refusal_is_kept_in_mind() {
        let cases =
            [(Errno::IO, false), (Errno::OPNOTSUPP, false), (Errno::INVAL, true), (Errno::MSGSIZE, true)];
        for (errno, shorter_go) in cases {
            let segmentation = Segmentation::up_to(u16::MAX);
            let sent = send_first(
                (&[0; 36], &[12, 12, 12]),
                &segmentation,
                |_, _| Err(errno.into()),
                |bytes, lengths| {
                    assert_eq!((bytes.len(), lengths), (36, &[12, 12, 12][..]));
                    Ok(3)
                },
            );
            assert_eq!(sent.unwrap(), 3);
            assert!(!segmentation.takes(12));
            assert_eq!(segmentation.takes(11), shorter_go, "{errno:?}");
        }
    }

    #[test]
    fn another_error_is_told() {
        let segmentation = Segmentation::up_to(u16::MAX);
        let refused =
            send_first((&[0; 24], &[12, 12]), &segmentation, |_, _| Err(Errno::AGAIN.into()), |_, _| Ok(2));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(segmentation.takes(12));
    }
}
