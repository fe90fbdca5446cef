//! BIND's second reply (RFC 1928 §6).

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::protocol::progress::Progress;
use crate::protocol::reply_reader::ReplyReader;
use crate::protocol::version::Version;
use std::fmt;

/// The wait for BIND's second reply, which the proxy sends when a peer has connected to it.
///
/// The client writes nothing in this [`Conversation`]. The outcome is the tunnel to the peer, with
/// the peer's address as [`bound`](Established::bound). No byte of the tunnel is read.
///
/// ```
/// use anysocks::protocol::{Conversation, Established, SecondReply, Socks5};
/// use anysocks::{Auth, Error, Target, V5};
///
/// type Request<'a> = dyn Conversation<Outcome = Established> + 'a;
///
/// /// Binds, with the driver of any stream.
/// fn bind(
///     peer: Target<'_>,
///     mut drive: impl FnMut(&mut Request<'_>) -> Result<Established, Error>,
/// ) -> Result<Established, Error> {
///     let auth = Auth::none();
///     let first = drive(&mut Socks5::bind(&auth, peer)?)?;
///     println!("the peer has to connect to {}", first.bound);
///     let second = drive(&mut SecondReply::<V5>::after(first))?;
///     println!("{} has connected", second.bound);
///     Ok(second)
/// }
/// ```
pub struct SecondReply<V: Version> {
    reader: V::Reader,
    progress: Progress,
    phase: Phase,
}

enum Phase {
    Reply,
    Granted,
    Failed(Error),
    Over,
}

impl<V: Version> SecondReply<V> {
    /// Creates the conversation that follows the first reply.
    ///
    /// Its outcome contains the encapsulation and the session of `first`.
    #[must_use]
    pub fn after(mut first: Established) -> Self {
        let reader = V::second_reader(&mut first);
        let mut conversation = Self { reader, progress: Progress::default(), phase: Phase::Reply };
        // One frame may contain both replies.
        if let Err(error) = conversation.read_answers() {
            conversation.phase = Phase::Failed(error);
        }
        conversation
    }

    fn read_answers(&mut self) -> Result<(), Error> {
        if self.reader.is_granted()? {
            self.progress.check_write()?;
            self.phase = Phase::Granted;
        }
        Ok(())
    }

    fn try_advance(&mut self, n: usize) -> Result<(), Error> {
        let failed = |kind| Err(Error::new(Stage::SecondReply, kind));
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Reply => self.phase = Phase::Reply,
            Phase::Failed(error) => return Err(error),
            Phase::Granted | Phase::Over => return failed(ErrorKind::Over),
        }
        if let Err(offered) = self.progress.take_offered(n) {
            return failed(ErrorKind::Overrun { reported: n, offered });
        }
        if n == 0 {
            if let Some(refusal) = self.reader.refusal() {
                return Err(refusal);
            }
            self.progress.check_write()?;
            return failed(ErrorKind::EndedEarly { received: self.reader.received() });
        }
        self.reader.filled(n);
        self.read_answers()
    }
}

impl<V: Version> Conversation for SecondReply<V> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Established> {
        match self.phase {
            Phase::Reply => self.progress.read(self.reader.room()),
            Phase::Granted => {
                self.phase = Phase::Over;
                Step::Done(self.reader.take())
            }
            Phase::Failed(_) | Phase::Over => self.progress.read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let advanced = self.try_advance(n);
        if advanced.is_err() {
            self.phase = Phase::Over;
        }
        advanced
    }

    fn stage(&self) -> Stage {
        Stage::SecondReply
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match self.phase {
            Phase::Reply => {
                self.progress.write_failed(error);
                Ok(())
            }
            Phase::Granted | Phase::Failed(_) | Phase::Over => Err(error),
        }
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        self.reader.refusal().unwrap_or_else(|| Error::new(Stage::SecondReply, kind))
    }
}

impl<V: Version> fmt::Debug for SecondReply<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondReply").field("reader", &self.reader).finish_non_exhaustive()
    }
}
