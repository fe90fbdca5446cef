//! Faults that a test can order from a server.

use super::reply::Reply;

/// A fault of the server. Several can be combined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Each byte of a stream is sent by itself.
    Crumbs,
    /// Messages are held back until the client has to speak, and then sent together. With records
    /// they share one.
    Glue,
    /// This action replaces the server's message at this point.
    At(Point, Action),

    /// The EAF version of the server.
    EafVersion(u8),
    /// VER of the server's messages, which the HMAC covers.
    MessageVersion(u8),
    WrongHmac,
    /// The authentication context has another NONCE than the client's.
    WrongNonce,
    /// No authentication context.
    NoContext,
    /// These bytes stand behind the METADATA of the server's first message.
    Metadata(Vec<u8>),
    /// These bytes stand behind the METADATA of the server's later messages.
    LaterMetadata(Vec<u8>),
    /// Type 06 names this METHOD.
    ChainControl(u8),
    /// In place of the AUTH of the Result.
    Result(Vec<u8>),
    /// In place of the whole AUTH that has the challenge.
    ChallengeAuth(Vec<u8>),
    /// A Result of STATUS 00 in place of the challenge.
    NoChallenge,
    /// A second challenge in place of the Result.
    SecondChallenge,
    /// ALEN and MLEN of the server's messages. No more bytes follow these messages.
    Lengths(u16, u16),
    /// From the second message on, the server sends its previous message, of any connection.
    Replay,
    /// The server's X25519 key is zero.
    ZeroKey,
    /// No key exchange from the server.
    NoKeyExchange,

    /// The SIG of the record of this number is wrong. Numbers start at 0 on each stream and each
    /// relay, and count the dummies around a message.
    WrongSig(Carrier, usize),
    /// The record of this number has this TYPE.
    RecordType(Carrier, usize, u8),
    /// Only so many bytes of the record of this number are sent on a stream, before its end.
    CutRecord(usize, usize),
    /// These bytes are a datagram of the relay, before each datagram that it returns.
    Datagram(Vec<u8>),
    /// Records have each TYPE in turn.
    MixedTypes,
    /// Each record has 255 bytes of RAND, whatever its TYPE.
    LongRand,

    /// VER of the selections in a chain.
    ChainVersion(u8),
    /// Bytes behind `05 00` at the end of a chain, in the same record or segment.
    BehindTheChain(Vec<u8>),

    /// The reply of this number on a connection, counted from 0. BIND has two.
    Reply(usize, Reply),
    /// The bytes of the reply of this number. A granted request goes on as it would.
    ReplyBytes(usize, Vec<u8>),
    /// These bytes follow the reply of this number, in the same record or segment.
    BehindReply(usize, Vec<u8>),
    /// Only so many bytes of a refusal are sent before the action.
    Cut(usize, Action),
}

/// The transport of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Stream,
    Relay,
}

/// A message of the server, or the start of relaying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Selection,
    EafVersion,
    EafMessage,
    ChainSelection,
    Status,
    Reply,
    SecondReply,
    Relay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sends nothing more, until the client closes the connection.
    Silence,
    Close,
    Reset,
    /// Sends dummies without end.
    Dummies,
}
