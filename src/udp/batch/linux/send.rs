//! Sending: consecutive datagrams of equal length as one buffer, the others with one call.

use super::segmentation::{SegmentLen, Segmentation};
use crate::udp::batch::LONGEST;
use crate::udp::batch::outgoing::total;
use arrayvec::ArrayVec;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};
use socket2::{MsgHdr, Socket};
use std::array;
use std::io::{self, IoSlice};

/// The most segments of one buffer.
const MAX_SEGMENTS: usize = 64;

/// The most messages of one `sendmmsg`. Their headers are on the stack.
const MAX_MESSAGES: usize = 32;

/// Sends the first datagrams of a batch with one system call, each behind these headers. Returns
/// their number. The batch is given by its bytes, and the lengths of the datagrams that may be
/// sent, of which there is at least one.
pub(in crate::udp::batch) fn send_some(
    socket: &Socket,
    headers: &[u8],
    (bytes, lengths): (&[u8], &[u16]),
    segmentation: &Segmentation,
) -> io::Result<usize> {
    send_first(
        Datagrams { headers, bytes, lengths },
        segmentation,
        |datagrams, len| send_segments(socket, datagrams, len),
        |datagrams| send_messages(socket, datagrams),
    )
}

/// Datagrams to send, one after the other.
#[derive(Clone, Copy)]
struct Datagrams<'a> {
    /// What is sent in front of each.
    headers: &'a [u8],
    bytes: &'a [u8],
    lengths: &'a [u16],
}

impl<'a> Datagrams<'a> {
    /// Returns the first `n` of them.
    fn first(self, n: usize) -> Self {
        let lengths = &self.lengths[..n];
        Self { bytes: &self.bytes[..total(lengths)], lengths, ..self }
    }

    /// Returns the length of the first one, with the headers: that of none if it is too long.
    fn first_len(self) -> Option<u16> {
        let len = usize::from(*self.lengths.first()?) + self.headers.len();
        u16::try_from(len).ok().filter(|len| *len <= LONGEST)
    }

    /// Returns the parts of each.
    fn parts(self) -> impl Iterator<Item = [IoSlice<'a>; 2]> {
        let mut bytes = self.bytes;
        self.lengths.iter().map(move |len| {
            let (datagram, rest) = bytes.split_at(usize::from(*len));
            bytes = rest;
            [IoSlice::new(self.headers), IoSlice::new(datagram)]
        })
    }
}

fn send_first(
    datagrams: Datagrams<'_>,
    segmentation: &Segmentation,
    send_segments: impl FnOnce(Datagrams<'_>, u16) -> io::Result<()>,
    send_messages: impl FnOnce(Datagrams<'_>) -> io::Result<usize>,
) -> io::Result<usize> {
    let segments = datagrams.first(segments(datagrams, segmentation));
    if let (Some(len), [_, _, ..]) = (segments.first_len(), segments.lengths) {
        match send_segments(segments, len) {
            Err(error) if segmentation.record_refusal(len, &error) => {}
            result => return result.map(|()| segments.lengths.len()),
        }
    }
    send_messages(datagrams.first(messages(datagrams, segmentation)))
}

/// Returns how many of the first datagrams can be sent as one buffer: those of equal length, and a
/// shorter one after them.
fn segments(datagrams: Datagrams<'_>, segmentation: &Segmentation) -> usize {
    let Datagrams { headers, lengths, .. } = datagrams;
    let Some(&first) = lengths.first() else { return 0 };
    let Some(len) = datagrams.first_len().filter(|len| segmentation.allows(*len)) else { return 1 };
    let max = MAX_SEGMENTS.min(usize::from(LONGEST / len));
    let equal = lengths.iter().take(max).take_while(|len| **len == first).count();
    let fits = |n: usize| total(&lengths[..n]) + n * headers.len() <= LONGEST.into();
    match lengths.get(equal) {
        Some(&last) if equal < MAX_SEGMENTS && last < first && fits(equal + 1) => equal + 1,
        _ => equal,
    }
}

/// Returns how many datagrams precede the next ones that can be sent as one buffer: at least one.
fn messages(datagrams: Datagrams<'_>, segmentation: &Segmentation) -> usize {
    let lengths = datagrams.lengths;
    let others = (1..lengths.len().min(MAX_MESSAGES))
        .take_while(|&n| segments(Datagrams { lengths: &lengths[n..], ..datagrams }, segmentation) < 2);
    1 + others.count()
}

fn send_segments(socket: &Socket, datagrams: Datagrams<'_>, len: u16) -> io::Result<()> {
    let control = SegmentLen::new(len);
    let send = |buffers: &[IoSlice<'_>]| {
        let message = MsgHdr::new().with_buffers(buffers).with_control(control.as_bytes());
        socket.sendmsg(&message, 0).map(drop)
    };
    if datagrams.headers.is_empty() {
        return send(&[IoSlice::new(datagrams.bytes)]);
    }
    send(&datagrams.parts().flatten().collect::<ArrayVec<_, { 2 * MAX_SEGMENTS }>>())
}

fn send_messages(socket: &Socket, datagrams: Datagrams<'_>) -> io::Result<usize> {
    let start = usize::from(datagrams.headers.is_empty());
    if let [_] = datagrams.lengths {
        return match start {
            1 => socket.send(datagrams.bytes),
            _ => socket.send_vectored(&[IoSlice::new(datagrams.headers), IoSlice::new(datagrams.bytes)]),
        }
        .map(|_| 1);
    }
    let parts: ArrayVec<_, MAX_MESSAGES> = datagrams.parts().take(MAX_MESSAGES).collect();
    let mut no_control: [_; MAX_MESSAGES] = array::from_fn(|_| SendAncillaryBuffer::default());
    let mut messages: ArrayVec<_, MAX_MESSAGES> =
        parts.iter().zip(&mut no_control).map(|(parts, none)| MMsgHdr::new(&parts[start..], none)).collect();
    Ok(sendmmsg(socket, &mut messages, SendFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    /// Returns for each system call whether it sends one buffer, and how many datagrams it sends.
    fn parts(lengths: &[u16], segmentation: &Segmentation) -> Vec<(bool, usize)> {
        parts_behind(&[], lengths, segmentation)
    }

    fn parts_behind(headers: &[u8], mut lengths: &[u16], segmentation: &Segmentation) -> Vec<(bool, usize)> {
        let mut parts = Vec::new();
        while !lengths.is_empty() {
            let bytes = vec![0; total(lengths)];
            let mut as_segments = false;
            let sent = send_first(
                Datagrams { headers, bytes: &bytes, lengths },
                segmentation,
                |datagrams, len| {
                    as_segments = true;
                    let sent: usize = datagrams.parts().flatten().map(|part| part.len()).sum();
                    assert!(sent <= LONGEST.into());
                    assert_eq!(usize::from(len), headers.len() + usize::from(lengths[0]));
                    Ok(())
                },
                |datagrams| Ok(datagrams.lengths.len()),
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
        // Headers in front of each datagram count too.
        for (headers, lengths, expected) in [
            (22, &[10, 10, 9][..], &[(true, 3)][..]),
            (22, &[1178; 60], &[(true, 54), (true, 6)]),
            (22, &[32_731, 32_731, 1], &[(true, 2), (false, 1)]),
            (22, &[32_732, 32_731], &[(true, 2)]),
            (22, &[32_732, 32_732], &[(false, 2)]),
            (22, &[65_485, 65_485], &[(false, 2)]),
            // Longer than UDP carries, which the system refuses.
            (22, &[65_486, 65_486], &[(false, 2)]),
        ] {
            assert_eq!(parts_behind(&vec![0; headers], lengths, &any), expected, "{lengths:?}");
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
                Datagrams { headers: &[], bytes: &[0; 36], lengths: &[12, 12, 12] },
                &segmentation,
                |_, _| Err(errno.into()),
                |datagrams| {
                    assert_eq!((datagrams.bytes.len(), datagrams.lengths), (36, &[12, 12, 12][..]));
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
        let two = Datagrams { headers: &[], bytes: &[0; 24], lengths: &[12, 12] };
        let refused = send_first(two, &segmentation, |_, _| Err(Errno::AGAIN.into()), |_| Ok(2));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(segmentation.allows(12));
    }
}
