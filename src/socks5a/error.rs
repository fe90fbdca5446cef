//! The errors of SOCKS5a.

mod conversion;

use super::status::Status;
use std::time::Duration;
use std::{error, io};

/// The failure of a METHOD of SOCKS5a, or of a record.
///
/// It is the source of an [`anysocks::Error`](crate::Error). The stage of that is the step that
/// failed:
///
/// - [`Stage::Preparation`](crate::Stage::Preparation): a mistake in an argument, or a failure of
///   this machine. Nothing of the METHOD was sent. The kind is
///   [`ErrorKind::Method`](crate::ErrorKind::Method), or [`ErrorKind::Io`](crate::ErrorKind::Io)
///   for [`CodeSource`](Self::CodeSource) and [`Random`](Self::Random).
/// - [`Stage::Authentication`](crate::Stage::Authentication): the proxy refused, or did not follow
///   the protocol. The kind is [`ErrorKind::Method`](crate::ErrorKind::Method).
/// - All stages after the selection of TOL: a record is wrong. The kind is
///   [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation).
///
/// Some failures of these METHODs are kinds of the core, without an error of this type:
///
/// - [`ErrorKind::PasswordRefused`](crate::ErrorKind::PasswordRefused): the proxy refused the
///   password in a sequence.
/// - [`ErrorKind::Malformed`](crate::ErrorKind::Malformed): its answer to the password has a wrong
///   VER.
/// - [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation): after TOL alone, the proxy
///   sent bytes before the request.
/// - [`ErrorKind::ClosedDuringMethod`](crate::ErrorKind::ClosedDuringMethod): the proxy closed the
///   connection.
///
/// ```
/// use anysocks::socks5a::{self, Status};
///
/// fn needs_another_token(error: &anysocks::Error) -> bool {
///     matches!(
///         socks5a::Error::of(error),
///         Some(socks5a::Error::Refused { status: Status::Refused | Status::Expired, .. })
///     )
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pre-shared key has fewer than 16 bytes.
    ///
    /// The field is its length.
    #[error("the pre-shared key has {0} bytes: use at least 16 random bytes")]
    PskTooShort(usize),
    /// The identity has more than 255 bytes.
    ///
    /// The field is its length.
    #[error("the identity has {0} bytes: use at most 255")]
    IdentityTooLong(usize),
    /// A token, a secret or a code is empty.
    #[error("the token, secret or code is empty: use at least one byte")]
    SecretEmpty,
    /// A token, or the factors together, do not fit a message.
    ///
    /// The field is the length of AUTH.
    #[error("the factor takes {0} bytes of a message: use at most 65535")]
    FactorTooLong(usize),
    /// Multi-factor authentication has fewer than two factors.
    ///
    /// The field is their number.
    #[error("{0} factors are too few for multi-factor authentication: use at least two")]
    TooFewFactors(usize),
    /// Multi-factor authentication has two factors of one method.
    ///
    /// The field is the method's MID.
    #[error("two factors are of the same method (MID X'{0:02X}'): use each once")]
    FactorTwice(u8),
    /// A factor can't be one of several: challenge-response, or several factors.
    ///
    /// The field is the method's MID.
    #[error("a factor of the method with MID X'{0:02X}' can't be one of several")]
    FactorAlone(u8),
    /// TOL has no key: neither one of its own, nor EAF before it.
    #[error("TOL has no key: give it a pre-shared key, or put EAF before it")]
    KeyMissing,
    /// A sequence has no METHOD.
    #[error("the sequence has no METHOD: add at least one")]
    SequenceEmpty,
    /// A METHOD is in a sequence twice.
    ///
    /// The field is its code.
    #[error("METHOD X'{0:02X}' is in the sequence twice: add it once")]
    MemberTwice(u8),
    /// The range of a jitter ends before it begins.
    #[error("the jitter's range ends at {most:?}, before it begins at {least:?}")]
    JitterOrder {
        /// The start of the range.
        least: Duration,
        /// The end of the range.
        most: Duration,
    },
    /// The range of a jitter has an end above 65,535 ms.
    ///
    /// The field is that end.
    #[error("a jitter of {0:?} is too long: use at most 65535 ms")]
    JitterTooLong(Duration),
    /// The source of codes failed.
    #[error("the source of codes failed")]
    CodeSource(#[source] Box<dyn error::Error + Send + Sync>),
    /// A code of the caller has a character that is not an ASCII digit.
    #[error("the code has a character that is not a digit: use ASCII digits")]
    CodeDigits,
    /// The system's generator of random bytes failed.
    #[error("the system has no random bytes")]
    Random(#[source] io::Error),

    /// The proxy does not support version 1 of EAF (`FF`).
    #[error("the proxy does not support version 1 of EAF")]
    VersionRefused,
    /// The proxy refused the authentication.
    #[error("the proxy refused: {status}{}", other_clock(*.skew))]
    Refused {
        /// STATUS of its Result.
        status: Status,
        /// The proxy's clock minus this machine's, in seconds.
        skew: i64,
    },
    /// The HMAC of a message of the proxy is wrong: another pre-shared key, or a forgery.
    ///
    /// A proxy that checks the client's HMAC first closes the connection instead:
    /// [`ErrorKind::ClosedDuringMethod`](crate::ErrorKind::ClosedDuringMethod).
    #[error("the proxy has another pre-shared key, or its message was changed on the way (HMAC)")]
    Hmac,
    /// A message of the proxy has no NONCE, or another one than this connection's: a replay.
    #[error("a message of the proxy is of another connection (NONCE): it may be a replay")]
    Replayed,
    /// A field of a message has a value that the protocol does not allow.
    #[error("a message of the proxy has {field} X'{byte:02X}'")]
    Malformed {
        /// The name of the field.
        field: &'static str,
        /// Its value.
        byte: u8,
    },
    /// ALEN or MLEN of a message is above 4,096.
    #[error("a message of the proxy has {field} of {len}, and 4096 are accepted")]
    MessageTooLong {
        /// `ALEN` or `MLEN`.
        field: &'static str,
        /// Its value.
        len: usize,
    },
    /// AUTH of a message has a length that its method does not allow.
    ///
    /// The field is the length.
    #[error(
        "a message of the proxy has {0} bytes of AUTH, which is neither a challenge that was asked for nor a result"
    )]
    AuthLength(usize),
    /// The challenge has fewer than 16 or more than 1,024 bytes.
    ///
    /// The field is its length.
    #[error("the proxy's challenge has {0} bytes, and 16 to 1024 are allowed")]
    ChallengeLength(usize),
    /// The proxy verified the client without the challenge that was asked for.
    #[error("the proxy sent no challenge")]
    ChallengeMissing,
    /// A length in METADATA runs past its end.
    #[error("a length in METADATA runs past its end")]
    MetadataLength,
    /// A type of METADATA has a value of a wrong size.
    #[error("METADATA of type X'{kind:02X}' has {len} bytes")]
    MetadataSize {
        /// The type.
        kind: u8,
        /// The size of its value.
        len: usize,
    },
    /// A type of METADATA is in one message twice.
    ///
    /// The field is the type.
    #[error("METADATA of type X'{0:02X}' is there twice")]
    MetadataTwice(u8),
    /// The client asked for a key exchange, and the proxy does not take part in it.
    #[error("the proxy takes no part in the key exchange")]
    KeyExchangeMissing,
    /// The proxy sent parameters of a key exchange that was not asked for, or sent them late.
    #[error("the proxy sent parameters of a key exchange out of turn")]
    KeyExchangeUnexpected,
    /// The proxy's key exchange is not X25519.
    ///
    /// The field is the number of its group.
    #[error("the proxy's key exchange has the group X'{0:04X}', which is not X25519")]
    KeyExchangeGroup(u16),
    /// The proxy's public key makes a shared secret of zeros.
    #[error("the proxy's public key makes no secret")]
    KeyExchangeWeak,
    /// The proxy announced a METHOD of a sequence, and there is no sequence.
    ///
    /// The field is the METHOD.
    #[error("the proxy announced METHOD X'{0:02X}' of a sequence, and there is no sequence")]
    ControlUnexpected(u8),

    /// The proxy refused the sequence (`05 FF`).
    #[error("the proxy refused the sequence of METHODs")]
    SequenceRefused,
    /// The proxy selected a METHOD that is not in the sequence.
    ///
    /// The field is its code.
    #[error("the proxy selected METHOD X'{0:02X}', which is not in the sequence")]
    NotInSequence(u8),
    /// The proxy selected a METHOD that has run already.
    ///
    /// The field is its code.
    #[error("the proxy selected METHOD X'{0:02X}' twice")]
    SelectedTwice(u8),
    /// The proxy selected a METHOD before or after its turn, or TOL before the METHOD that makes
    /// its key.
    ///
    /// The field is its code.
    #[error("the proxy selected METHOD X'{0:02X}' out of order: it may be an attack")]
    OutOfOrder(u8),
    /// The proxy ended the sequence, and a required METHOD has not run.
    ///
    /// The field is its code.
    #[error("the proxy ended the sequence before METHOD X'{0:02X}', which is required")]
    Incomplete(u8),
    /// The proxy selected another METHOD than it has announced in EAF.
    #[error(
        "the proxy announced METHOD X'{announced:02X}' and selected X'{selected:02X}': it may be an attack"
    )]
    ControlMismatch {
        /// The announced METHOD; 0 is the end of the sequence.
        announced: u8,
        /// The selected METHOD.
        selected: u8,
    },
    /// The proxy sent bytes behind the end of the sequence, before it was asked for anything.
    #[error("the proxy sent bytes before it was asked for anything")]
    Surplus,

    /// SIG of a record is wrong: another key, or a forgery.
    #[error("a record of the proxy has a wrong signature: its key is another one, or it was changed")]
    Signature,
    /// A record has an unassigned TYPE.
    ///
    /// The field is the TYPE.
    #[error("a record of the proxy has the type X'{0:02X}'")]
    RecordType(u8),
    /// A datagram is shorter than its record.
    ///
    /// The field is its length.
    #[error("{0} bytes are shorter than the record in them")]
    RecordLength(usize),
}

/// From so many seconds on, a difference of the clocks may be the reason.
const SKEW: u64 = 60;

fn other_clock(skew: i64) -> String {
    match skew.unsigned_abs() {
        ..SKEW => String::new(),
        seconds if skew > 0 => format!("; its clock is {seconds} s ahead of this machine's"),
        seconds => format!("; its clock is {seconds} s behind this machine's"),
    }
}
