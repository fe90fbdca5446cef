//! Sending: consecutive datagrams of equal length as one buffer, the others with one call.

use super::segmentation::{SegmentLen, Segmentation};
use crate::udp::batch::outgoing::total;
use crate::udp::batch::{LONGEST, SendBatch};
use arrayvec::ArrayVec;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};
use socket2::{MsgHdr, Socket};
use std::io::{self, IoSlice};
use std::{array, slice};

/// The most segments of one buffer.
const MAX_SEGMENTS: usize = 64;

/// The most messages of one `sendmmsg`. Their headers are on the stack.
const MAX_MESSAGES: usize = 32;

/// Sends the first datagrams of a batch that is not empty with one system call. Returns their
/// number.
pub(in crate::udp::batch) fn send_some(
    socket: &Socket,
    batch: &SendBatch,
    segmentation: &Segmentation,
) -> io::Result<usize> {
    send_first(
        (batch.bytes(), batch.lengths()),
        segmentation,
        |bytes, len| send_segments(socket, bytes, len),
        |bytes, lengths| send_messages(socket, bytes, lengths),
    )
}

fn send_first(
    (bytes, lengths): (&[u8], &[u16]),
    segmentation: &Segmentation,
    send_segments: impl FnOnce(&[u8], u16) -> io::Result<()>,
    send_messages: impl FnOnce(&[u8], &[u16]) -> io::Result<usize>,
) -> io::Result<usize> {
    let segments = &lengths[..segments(lengths, segmentation)];
    if let [first, _, ..] = *segments {
        match send_segments(&bytes[..total(segments)], first) {
            Err(error) if segmentation.record_refusal(first, &error) => {}
            result => return result.map(|()| segments.len()),
        }
    }
    send_messages(bytes, &lengths[..messages(lengths, segmentation)])
}

/// Returns how many of the first datagrams can be sent as one buffer: those of equal length, and a
/// shorter one after them.
fn segments(lengths: &[u16], segmentation: &Segmentation) -> usize {
    let Some(&first) = lengths.first() else { return 0 };
    if !segmentation.allows(first) {
        return 1;
    }
    let max = MAX_SEGMENTS.min(usize::from(LONGEST / first));
    let equal = lengths.iter().take(max).take_while(|len| **len == first).count();
    match lengths.get(equal) {
        Some(&last)
            if equal < MAX_SEGMENTS && last < first && total(&lengths[..=equal]) <= LONGEST.into() =>
        {
            equal + 1
        }
        _ => equal,
    }
}

/// Returns how many datagrams precede the next ones that can be sent as one buffer: at least one.
fn messages(lengths: &[u16], segmentation: &Segmentation) -> usize {
    let others =
        (1..lengths.len().min(MAX_MESSAGES)).take_while(|&n| segments(&lengths[n..], segmentation) < 2);
    1 + others.count()
}

fn send_segments(socket: &Socket, bytes: &[u8], len: u16) -> io::Result<()> {
    let control = SegmentLen::new(len);
    let buffers = [IoSlice::new(bytes)];
    let message = MsgHdr::new().with_buffers(&buffers).with_control(control.as_bytes());
    socket.sendmsg(&message, 0).map(drop)
}

fn send_messages(socket: &Socket, mut bytes: &[u8], lengths: &[u16]) -> io::Result<usize> {
    if let [len] = *lengths {
        return socket.send(&bytes[..len.into()]).map(|_| 1);
    }
    let mut datagrams = ArrayVec::<_, MAX_MESSAGES>::new();
    for len in lengths.iter().take(MAX_MESSAGES) {
        let (datagram, rest) = bytes.split_at(usize::from(*len));
        datagrams.push(IoSlice::new(datagram));
        bytes = rest;
    }
    let mut no_control: [_; MAX_MESSAGES] = array::from_fn(|_| SendAncillaryBuffer::default());
    let mut messages: ArrayVec<_, MAX_MESSAGES> = datagrams
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

    /// Returns for each system call whether it sends one buffer, and how many datagrams it sends.
    fn parts(mut lengths: &[u16], segmentation: &Segmentation) -> Vec<(bool, usize)> {
        let mut parts = Vec::new();
        while !lengths.is_empty() {
            let bytes = vec![0; total(lengths)];
            let mut as_segments = false;
            let sent = send_first(
                (&bytes, lengths),
                segmentation,
                |bytes, len| {
                    as_segments = true;
                    assert!(bytes.len() <= LONGEST.into() && len == lengths[0]);
                    Ok(())
                },
                |_, lengths| Ok(lengths.len()),
            );
            let sent = sent.unwrap();
            parts.push((as_segments, sent));
            lengths = &lengths[sent..];
        }
        parts
    }

    #[test]
    fn datagrams_of_equal_length_are_sent_as_one_buffer() {
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
    fn datagrams_above_the_mtu_are_not_segmented() {
        let mtu = Segmentation::up_to(1472);
        assert_eq!(parts(&[1473, 1473, 1472, 1472], &mtu), [(false, 2), (true, 2)]);
        assert_eq!(parts(&[10, 10, 10], &Segmentation::up_to(0)), [(false, 3)]);
    }

    #[test]
    fn refused_segments_are_sent_individually_and_the_refusal_is_recorded() {
        let cases =
            [(Errno::IO, false), (Errno::OPNOTSUPP, false), (Errno::INVAL, true), (Errno::MSGSIZE, true)];
        for (errno, shorter_allowed) in cases {
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
            assert!(!segmentation.allows(12));
            assert_eq!(segmentation.allows(11), shorter_allowed, "{errno:?}");
        }
    }

    #[test]
    fn another_error_is_returned() {
        let segmentation = Segmentation::up_to(u16::MAX);
        let refused =
            send_first((&[0; 24], &[12, 12]), &segmentation, |_, _| Err(Errno::AGAIN.into()), |_, _| Ok(2));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(segmentation.allows(12));
    }
}
