//! The messages that a context protects.

use crate::buffer::Output;
use crate::context::{Context, wrong_state};
use crate::error::{Error, ErrorKind};
use crate::ffi::Buffer;
use crate::status::{self, Operation};
use std::ffi::c_int;
use std::ptr::null_mut;

/// What [`Context::unwrap`] has learnt about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwrapped {
    /// The message was encrypted, and not only authenticated.
    pub confidential: bool,
    /// Its place in the peer's sequence of messages.
    pub order: Order,
}

/// The place of a message among those that have arrived.
///
/// Without [`Flags::SEQUENCE`] and [`Flags::REPLAY`], every message is `InOrder`. With `REPLAY`
/// alone, all are but repeated ones.
///
/// [`Flags::SEQUENCE`]: crate::Flags::SEQUENCE
/// [`Flags::REPLAY`]: crate::Flags::REPLAY
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// It is the next one.
    InOrder,
    /// Messages before this one have not arrived, and may still do so.
    Gap,
    /// Later ones have arrived before it. If 64 or more have, it may also be a repeated one.
    Late,
    /// It has arrived before. Without [`Flags::SEQUENCE`], also if it is so old that this can't be
    /// excluded.
    ///
    /// [`Flags::SEQUENCE`]: crate::Flags::SEQUENCE
    Repeated,
}

impl Order {
    /// From the informational bits of RFC 2744 §3.9.1.
    fn of(supplementary: u32) -> Self {
        const DUPLICATE: u32 = 2;
        const OLD: u32 = 4;
        const UNSEQUENCED: u32 = 8;
        const GAP: u32 = 16;
        match supplementary {
            bits if bits & (DUPLICATE | OLD) != 0 => Self::Repeated,
            bits if bits & UNSEQUENCED != 0 => Self::Late,
            bits if bits & GAP != 0 => Self::Gap,
            _ => Self::InOrder,
        }
    }
}

/// Heimdal checks the order first, and returns neither a failure nor the message of a token that is
/// out of order. Nothing is known about such a token: anybody may have made it.
fn verified(order: Order, is_filled: bool) -> Result<Order, Error> {
    if order == Order::InOrder || is_filled {
        return Ok(order);
    }
    let message = format!("it is out of order ({order:?}), and the library does not unwrap it");
    Err(Error::without_status(ErrorKind::BadToken, message))
}

impl Context {
    /// Appends the token of a message, and returns whether the message is encrypted.
    ///
    /// With `confidential` the library can refuse to encrypt without an error, so check the result
    /// before sending the token.
    ///
    /// # Errors
    ///
    /// Nothing is appended.
    ///
    /// - [`ErrorKind::WrongState`]: the context is not complete.
    /// - [`ErrorKind::Expired`], [`ErrorKind::Other`]
    pub fn wrap(&mut self, confidential: bool, plain: &[u8], token: &mut Vec<u8>) -> Result<bool, Error> {
        self.must_be_complete()?;
        let input = Buffer::reading(plain);
        let (mut output, mut minor, mut encrypted) = (Output::new(self.functions), 0, 0);
        // SAFETY: the context is valid. The pointers are to values that live through the call, and
        // the library fills `output` with memory of its own, which `Output` releases.
        let major = unsafe {
            (self.functions.wrap)(
                &raw mut minor,
                self.handle,
                c_int::from(confidential),
                0,
                &raw const input,
                &raw mut encrypted,
                output.as_mut(),
            )
        };
        status::check(self.functions, Operation::Message, major, minor)?;
        token.extend_from_slice(output.bytes());
        Ok(encrypted != 0)
    }

    /// Appends the message of a token, and returns whether it was encrypted, and its place in the
    /// sequence. With MIT Kerberos, the message is also appended if it is out of order or repeated.
    /// With Heimdal, that is an error.
    ///
    /// # Errors
    ///
    /// Nothing is appended.
    ///
    /// - [`ErrorKind::BadToken`]: malformed, changed on its way, or of another context; with
    ///   Heimdal, also out of order or repeated.
    /// - [`ErrorKind::WrongState`]: the context is not complete.
    /// - [`ErrorKind::Expired`], [`ErrorKind::Other`]
    pub fn unwrap(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, Error> {
        self.must_be_complete()?;
        self.copy(token)?;
        let mut input = Buffer::changing(&mut self.input);
        let (mut output, mut minor, mut encrypted) = (Output::new(self.functions), 0, 0);
        // SAFETY: as in `wrap`, and the library may change the token.
        let major = unsafe {
            (self.functions.unwrap)(
                &raw mut minor,
                self.handle,
                &raw mut input,
                output.as_mut(),
                &raw mut encrypted,
                null_mut(),
            )
        };
        let supplementary = status::check(self.functions, Operation::Message, major, minor)?;
        let order = verified(Order::of(supplementary), output.is_filled())?;
        plain.extend_from_slice(output.bytes());
        Ok(Unwrapped { confidential: encrypted != 0, order })
    }

    /// Returns the length of the longest message whose token has at most `token` bytes. 0 if there
    /// is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongState`] if the context is not complete, [`ErrorKind::Expired`],
    /// [`ErrorKind::Other`].
    pub fn largest_plain(&self, confidential: bool, token: usize) -> Result<usize, Error> {
        self.must_be_complete()?;
        let token = u32::try_from(token).unwrap_or(u32::MAX);
        let (mut minor, mut plain) = (0, 0);
        // SAFETY: the context is valid, and the pointers are to values that live through the call.
        let major = unsafe {
            (self.functions.wrap_size_limit)(
                &raw mut minor,
                self.handle,
                c_int::from(confidential),
                0,
                token,
                &raw mut plain,
            )
        };
        status::check(self.functions, Operation::Message, major, minor)?;
        Ok(usize::try_from(plain).unwrap_or(usize::MAX))
    }

    fn must_be_complete(&self) -> Result<(), Error> {
        if self.is_complete() { Ok(()) } else { Err(wrong_state("the context is not complete")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_does_not_unwrap_is_refused() {
        for order in [Order::Gap, Order::Late, Order::Repeated] {
            assert_eq!(verified(order, true).unwrap(), order);
            assert_eq!(verified(order, false).unwrap_err().kind(), ErrorKind::BadToken);
        }
        // An empty message.
        assert_eq!(verified(Order::InOrder, false).unwrap(), Order::InOrder);
    }

    #[test]
    fn informational_bits() {
        for (bits, order) in [
            (0, Order::InOrder),
            (2, Order::Repeated),
            (4, Order::Repeated),
            (8, Order::Late),
            (16, Order::Gap),
            (2 | 8, Order::Repeated),
        ] {
            assert_eq!(Order::of(bits), order);
        }
    }
}
