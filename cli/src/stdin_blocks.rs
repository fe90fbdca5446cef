//! The standard input, on a system where it always blocks.

use std::io::{self, Read};

pub(crate) fn read(buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match io::stdin().read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
