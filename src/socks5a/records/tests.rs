//! Records through the pump: all types, dummies, splits, pauses.

use super::*;
use crate::protocol::frames::Frames;
use crate::socks5a::{Error, Jitter};

fn jitter() -> Jitter {
    Jitter::uniform(Duration::from_millis(20)..=Duration::from_millis(30)).unwrap()
}

fn all() -> [Obfuscation; 5] {
    [
        Obfuscation::None,
        Obfuscation::Padding,
        Obfuscation::Jitter(jitter()),
        Obfuscation::Masking,
        Obfuscation::Full(jitter()),
    ]
}

fn frames(obfuscation: Obfuscation) -> Frames {
    encapsulation(&[7; 32], obfuscation, None).into()
}

/// The records in these bytes: TYPE, RAND and the length of MESSAGE.
fn records(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>, usize)> {
    let mut found = Vec::new();
    while let [_, _, code, rand_len, rest @ ..] = bytes {
        let (rand, rest) = rest.split_at(usize::from(*rand_len));
        let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        found.push((*code, rand.to_vec(), len));
        bytes = &rest[2 + len..];
    }
    assert_eq!(bytes, b"");
    found
}

/// Seals these bytes, and returns the records and their pauses.
fn sealed(frames: &mut Frames, mut plain: &[u8]) -> (Vec<u8>, Vec<Duration>) {
    let (mut written, mut pauses) = (Vec::new(), Vec::new());
    while !plain.is_empty() {
        plain = &plain[frames.outgoing.put(plain).unwrap()..];
        if let Some(pause) = frames.outgoing.pause() {
            pauses.push(pause.duration());
            pause.end();
        }
        written.extend(frames.outgoing.pending());
        frames.outgoing.sent(frames.outgoing.pending().len());
    }
    (written, pauses)
}

/// Opens these bytes, which come in pieces of this size.
fn opened(frames: &mut Frames, bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut plain, mut buf) = (Vec::new(), [0; 999]);
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            let room = frames.incoming.room();
            let n = room.len().min(piece.len());
            room[..n].copy_from_slice(&piece[..n]);
            frames.incoming.filled(n);
            piece = &piece[n..];
            loop {
                match frames.incoming.take(&mut buf).unwrap() {
                    0 => break,
                    n => plain.extend(&buf[..n]),
                }
            }
        }
    }
    assert_eq!(frames.incoming.partial(), 0);
    plain
}

#[test]
fn all_types_pass_whole() {
    let plain: Vec<u8> = (0..50_000_u32).map(|n| (n % 251) as u8).collect();
    for obfuscation in all() {
        let (bytes, _) = sealed(&mut frames(obfuscation), &plain);
        for piece in [1, 7, 300, 70_000] {
            for is_ahead in [false, true] {
                let mut frames = frames(Obfuscation::None);
                if is_ahead {
                    frames.incoming.read_ahead();
                }
                assert!(opened(&mut frames, &bytes, piece) == plain, "{obfuscation:?}, {piece}");
            }
        }
    }
}

#[test]
fn what_each_type_sends() {
    let plain = vec![7; 1000];
    for obfuscation in all() {
        let mut frames = frames(obfuscation);
        let (mut found, mut pauses) = (Vec::new(), Vec::new());
        for _ in 0..400 {
            let (bytes, waits) = sealed(&mut frames, &plain);
            found.extend(records(&bytes));
            pauses.extend(waits);
        }
        let dummies = found.iter().filter(|(.., len)| *len == 0).count();
        let full = found.len() - dummies;
        assert!(found.iter().all(|(code, ..)| *code == obfuscation.code()));
        assert!(found.iter().all(|(_, rand, _)| rand.len() <= obfuscation.most_rand()));
        let (is_masked, is_padded, is_delayed) = match obfuscation {
            Obfuscation::None => (false, false, false),
            Obfuscation::Padding => (false, true, false),
            Obfuscation::Jitter(_) => (false, false, true),
            Obfuscation::Masking => (true, false, false),
            Obfuscation::Full(_) => (true, true, true),
        };
        if is_masked {
            // One in eight, of more than 2,000.
            assert!((full / 16..full / 5).contains(&dummies), "{dummies} of {full}");
            assert!(full > 1500, "{full} records");
        } else {
            assert_eq!((dummies, full), (0, 400), "{obfuscation:?}");
        }
        let timing = if is_delayed { &jitter().timing()[..] } else { b"" };
        assert!(found.iter().all(|(_, rand, _)| rand.starts_with(timing)));
        let mut lengths: Vec<_> = found.iter().map(|(_, rand, _)| rand.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        // With all lengths likely, most of them occur in 400 records.
        assert!(if is_padded { lengths.len() > 150 } else { lengths.len() == 1 }, "{lengths:?}");
        // A dummy does not wait for itself.
        assert_eq!(pauses.len(), if is_delayed { full } else { 0 });
        let range = Duration::from_millis(20)..=Duration::from_millis(30);
        assert!(pauses.iter().all(|pause| range.contains(pause)), "{pauses:?}");
    }
}

/// 16,384 bytes are sent at most, and 65,535 are accepted.
#[test]
fn long_messages() {
    let plain = vec![7; 100_000];
    let (bytes, _) = sealed(&mut frames(Obfuscation::None), &plain);
    assert_eq!(records(&bytes)[0].2, 16_384);
    let mut longest = Vec::new();
    let mac = Mac::new(&[7; 32]);
    On::Stream.put(&mac, 0, |_| Ok(()), &plain[..65_535], &mut longest).unwrap();
    assert_eq!(opened(&mut frames(Obfuscation::None), &longest, 9000).len(), 65_535);
}

#[test]
fn a_forged_record_ends_the_stream() {
    let mut frames = frames(Obfuscation::None);
    let (first, _) = sealed(&mut frames, b"first");
    let (mut second, _) = sealed(&mut frames, b"second");
    second[9] ^= 1;
    frames.incoming.read_ahead();
    let bytes = [first, second].concat();
    frames.incoming.room()[..bytes.len()].copy_from_slice(&bytes);
    frames.incoming.filled(bytes.len());
    let mut buf = [0; 100];
    assert_eq!(frames.incoming.take(&mut buf).unwrap(), 5);
    let error = frames.incoming.take(&mut buf).unwrap_err();
    assert!(matches!(Error::of(&*error), Some(Error::Signature)), "{error:?}");
    assert!(frames.incoming.take(&mut buf).is_err());
}

#[test]
fn datagrams() {
    for obfuscation in all() {
        let datagrams = frames(obfuscation).datagrams.unwrap();
        let (mut covers, mut longest) = (0, 0);
        for len in 0..2000 {
            let mut sealed = Vec::new();
            if datagrams.cover(&mut sealed) {
                covers += 1;
                assert_eq!(sealed[2], obfuscation.code());
                assert_eq!(datagrams.open(&mut sealed).unwrap(), None);
                sealed.clear();
            }
            assert!(sealed.is_empty());
            let plain = vec![7; 10 + len % 50];
            datagrams.seal(&plain, &mut sealed).unwrap();
            longest = longest.max(sealed.len() - plain.len());
            let content = datagrams.open(&mut sealed).unwrap().unwrap();
            assert_eq!(sealed[content], plain);
            sealed[0] ^= 1;
            let error = datagrams.open(&mut sealed).unwrap_err();
            assert!(matches!(Error::of(&*error), Some(Error::Signature)), "{error:?}");
        }
        assert!(longest <= datagrams.overhead() && longest + 2 >= datagrams.overhead(), "{longest}");
        let is_masked = matches!(obfuscation, Obfuscation::Masking | Obfuscation::Full(_));
        assert!(if is_masked { (150..350).contains(&covers) } else { covers == 0 }, "{covers}");
        let error = datagrams.open(&mut [0, 0, 0]).unwrap_err();
        assert!(matches!(Error::of(&*error), Some(Error::RecordLength(3))), "{error:?}");
    }
}
