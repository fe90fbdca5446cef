//! The proxy's end of numbered frames, as a stream: of one proxy, or of several behind each other.

use super::numbered::Side;
use anysocks::protocol::{Extent, Open};
use std::collections::VecDeque;
use std::io::{self, Read, Write};

/// A stream through the frames of any number of METHODs.
pub(crate) struct Wire<S> {
    pub(crate) stream: S,
    /// The first proxy's is the outermost.
    layers: Vec<Layer>,
}

struct Layer {
    seal: Side,
    open: Side,
    frame: Vec<u8>,
    plain: VecDeque<u8>,
    frames: usize,
}

impl<S> Wire<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, layers: Vec::new() }
    }

    /// Puts all later bytes into frames of this METHOD, inside of those of the earlier ones.
    pub(crate) fn encapsulate(&mut self, code: u8) {
        self.layers.push(Layer {
            seal: Side::proxy(code),
            open: Side::client(code),
            frame: Vec::new(),
            plain: VecDeque::new(),
            frames: 0,
        });
    }

    /// Ends the innermost layer: later bytes are not in its frames.
    pub(crate) fn bare(&mut self) {
        self.layers.pop();
    }

    /// A frame without content of the innermost layer, in frames of the others.
    pub(crate) fn empty(&mut self) -> Vec<u8> {
        let Some((last, others)) = self.layers.split_last_mut() else { return Vec::new() };
        others.iter_mut().rev().fold(last.seal.frame(b""), |bytes, layer| layer.sealed(&bytes))
    }

    /// The frames of a message, through all layers. Their lengths vary, and some are empty.
    pub(crate) fn sealed(&mut self, message: &[u8]) -> Vec<u8> {
        self.layers.iter_mut().rev().fold(message.to_vec(), |bytes, layer| layer.sealed(&bytes))
    }
}

impl Layer {
    fn sealed(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        while !bytes.is_empty() {
            self.frames += 1;
            if self.frames % 5 == 0 {
                sealed.extend(self.seal.frame(b""));
            }
            let (content, rest) = bytes.split_at(bytes.len().min(1 + self.frames % 37 * 7));
            sealed.extend(self.seal.frame(content));
            bytes = rest;
        }
        sealed
    }
}

impl<S: Read> Wire<S> {
    /// Reads through the first `depth` layers.
    fn read_at(&mut self, depth: usize, buf: &mut [u8]) -> io::Result<usize> {
        let Some(depth) = depth.checked_sub(1) else { return self.stream.read(buf) };
        loop {
            let layer = &mut self.layers[depth];
            if !layer.plain.is_empty() {
                return layer.plain.read(buf);
            }
            let len = match layer.open.extent(&layer.frame) {
                Extent::Exactly(len) | Extent::AtLeast(len) => len,
            };
            if let (Extent::Exactly(_), true) = (layer.open.extent(&layer.frame), layer.frame.len() >= len) {
                let content = layer.open.open(&mut layer.frame).map_err(io::Error::other)?;
                layer.plain.extend(&layer.frame[content]);
                layer.frame.clear();
                continue;
            }
            let mut missing = vec![0; len - layer.frame.len()];
            match self.read_at(depth, &mut missing)? {
                0 if self.layers[depth].frame.is_empty() => return Ok(0),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => self.layers[depth].frame.extend(&missing[..n]),
            }
        }
    }
}

impl<S: Read> Read for Wire<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_at(self.layers.len(), buf)
    }
}

impl<S: Write> Write for Wire<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let sealed = self.sealed(buf);
        self.stream.write_all(&sealed)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
