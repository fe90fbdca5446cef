//! Payloads cut into fragments (RFC 1928 §7).

use crate::error::invalid::Invalid;
use std::iter::FusedIterator;

/// FRAG of a datagram that is not a fragment.
pub(super) const STANDALONE: u8 = 0;

/// The bit of FRAG that marks the last fragment. The other bits are the position, from 1.
pub(super) const LAST: u8 = 0x80;

/// The highest position.
const MOST: usize = 127;

/// FRAG and payload of each fragment of a payload.
#[derive(Clone, Debug)]
pub(crate) struct Fragments<'a> {
    rest: Option<&'a [u8]>,
    fragment_len: usize,
    sent: u8,
}

impl<'a> Fragments<'a> {
    /// Cuts a payload into fragments of this length, of which the last may be shorter.
    ///
    /// A payload that fits one, such as an empty one, is a standalone datagram.
    ///
    /// # Errors
    ///
    /// - [`Invalid::FragmentSize`]: the length is 0.
    /// - [`Invalid::TooManyFragments`]: there would be more than 127.
    pub(crate) fn of(payload: &'a [u8], fragment_len: usize) -> Result<Self, Invalid> {
        if fragment_len == 0 {
            return Err(Invalid::FragmentSize);
        }
        match payload.len().div_ceil(fragment_len) {
            0..=MOST => Ok(Self { rest: Some(payload), fragment_len, sent: 0 }),
            needed => Err(Invalid::TooManyFragments(needed)),
        }
    }
}

impl<'a> Iterator for Fragments<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        match rest.split_at_checked(self.fragment_len) {
            Some((part, more)) if !more.is_empty() => {
                self.rest = Some(more);
                self.sent += 1;
                Some((self.sent, part))
            }
            _ if self.sent == 0 => Some((STANDALONE, rest)),
            _ => Some((LAST | (self.sent + 1), rest)),
        }
    }
}

impl FusedIterator for Fragments<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(payload: &str, fragment_len: usize) -> Vec<(u8, &str)> {
        let fragments = Fragments::of(payload.as_bytes(), fragment_len).unwrap();
        fragments.map(|(fragment, part)| (fragment, std::str::from_utf8(part).unwrap())).collect()
    }

    #[test]
    fn positions_and_parts() {
        for (payload, fragment_len, expected) in [
            ("", 1, &[(0x00, "")][..]),
            ("a", 1, &[(0x00, "a")]),
            ("abc", 3, &[(0x00, "abc")]),
            ("abc", usize::MAX, &[(0x00, "abc")]),
            ("ab", 1, &[(0x01, "a"), (0x82, "b")]),
            ("abc", 2, &[(0x01, "ab"), (0x82, "c")]),
            ("abcd", 2, &[(0x01, "ab"), (0x82, "cd")]),
            ("abcdefg", 3, &[(0x01, "abc"), (0x02, "def"), (0x83, "g")]),
        ] {
            assert_eq!(cut(payload, fragment_len), expected, "{payload:?} by {fragment_len}");
        }
    }

    #[test]
    fn as_many_as_there_are_positions() {
        let payload = [7; 2 * MOST];
        let fragments: Vec<_> = Fragments::of(&payload, 2).unwrap().collect();
        assert_eq!(fragments.len(), MOST);
        assert_eq!(fragments[125..], [(0x7E, &[7, 7][..]), (0xFF, &[7, 7])]);
        assert!(fragments.iter().all(|(_, part)| *part == [7, 7]));
    }

    #[test]
    fn refused() {
        for (payload_len, fragment_len, expected) in [
            (0, 0, Invalid::FragmentSize),
            (1, 0, Invalid::FragmentSize),
            (128, 1, Invalid::TooManyFragments(128)),
            (255, 2, Invalid::TooManyFragments(128)),
            (65_535, 100, Invalid::TooManyFragments(656)),
        ] {
            let refused = Fragments::of(&vec![0; payload_len], fragment_len).map(Iterator::count);
            assert_eq!(refused, Err(expected), "{payload_len} by {fragment_len}");
        }
    }

    #[test]
    fn over_is_over() {
        let mut fragments = Fragments::of(b"ab", 1).unwrap();
        assert_eq!(fragments.by_ref().count(), 2);
        assert_eq!(fragments.next(), None);
    }
}
