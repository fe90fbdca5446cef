//! Streams that a front end can use.

use super::Reactor;
use super::watched::AsyncFrontEnd;
use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::runtime::ControlIo;
use std::io;
use std::task::{Context, Poll};

/// A front end that can use streams of the type `S`: they have its read and write traits.
#[allow(unreachable_pub, reason = "the bound of a public type")]
pub trait SupportsStream<S>: AsyncFrontEnd + Reactor {
    /// Continues the conversation over the stream.
    fn poll_converse<C: Conversation>(
        stream: &mut S,
        cx: &mut Context<'_>,
        conversation: &mut C,
    ) -> Poll<Result<C::Outcome, Error>>;

    /// Reads from, writes to or flushes the stream.
    fn poll_io(stream: &mut S, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>>;
}
