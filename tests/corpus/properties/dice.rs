//! The choices that an input makes, byte by byte from its start. Where it ends, all choices are 0.

use anysocks::{Domain, Host, Target};
use std::net::{Ipv4Addr, Ipv6Addr};

pub(crate) struct Dice<'i>(pub(crate) &'i [u8]);

impl<'i> Dice<'i> {
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A text of a chosen length, 0 to 255, and of few letters.
    pub(crate) fn text(&mut self) -> String {
        let len = usize::from(self.byte());
        "abcdefghijklmnopqrstuvwxyz".chars().cycle().take(len).collect()
    }

    /// Bytes of any value, up to 15.
    pub(crate) fn bytes(&mut self) -> &'i [u8] {
        self.chunks()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// A name of any characters that it may have, and no address.
    pub(crate) fn domain(&mut self) -> Option<Domain<'static>> {
        let text: String = self.bytes().iter().map(|byte| char::from(b'!' + byte % 94)).collect();
        let is_address = text.parse::<Ipv4Addr>().is_ok();
        Domain::new(text).ok().filter(|_| !is_address)
    }

    /// An address of either family, or a name.
    pub(crate) fn target(&mut self) -> Target<'static> {
        let host = match self.byte() % 3 {
            0 => Host::Ip(Ipv4Addr::new(192, 0, 2, self.byte()).into()),
            1 => Host::Ip(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, self.byte().into()).into()),
            _ => Host::Domain(Domain::new(format!("{:x<1}", self.text())).unwrap()),
        };
        Target::new(host, 443)
    }

    /// How many bytes go in one call, in turn: up to 15 sizes.
    pub(crate) fn chunks(&mut self) -> &'i [u8] {
        let count = usize::from(self.byte() % 16);
        let (chunks, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        chunks
    }
}
