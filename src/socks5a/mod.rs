//! SOCKS5a, an experimental extension of SOCKS5: METHODs X'80', X'81' and X'82'.
//!
//! **Experimental.** `draft-lancaster-socks-5a-00` is an individual Internet-Draft that has
//! expired, and no other implementation is known. It leaves open how keys are derived, among other
//! things. [`draft`] states what this crate does there, which may change.
//!
//! | METHOD | type | what it does |
//! |---|---|---|
//! | X'80' | [`Eaf`] | authenticates the client and the proxy to each other, by a pre-shared key |
//! | X'81' | [`Tol`] | puts all later bytes into records, and blurs their sizes and times |
//! | X'82' | [`Sequence`] | runs several METHODs on one connection |
//!
//! Each of them makes an [`Auth`](crate::Auth), which a [`Proxy`](crate::Proxy) takes. The
//! streams, listeners and UDP sockets of all front ends then work as with any other METHOD, and
//! their `session` returns a [`Session`]. Further:
//!
//! - [`SocksClient`](crate::SocksClient) makes several requests on one connection: `KEEP_ALIVE`,
//!   `DNS_RESOLVE`, `POOL_NEW`, `POOL_GET`.
//! - [`Target::url`](crate::Target::url), [`Target::unix`](crate::Target::unix) and
//!   [`Target::abstract_unix`](crate::Target::abstract_unix) are targets of its requests.
//! - `keep_alive` of a UDP socket, and [`Options::extended`](crate::udp::Options::extended).
//! - [`ErrorKind::RefusedExtended`](crate::ErrorKind::RefusedExtended) is a refusal X'09' to
//!   X'10'.
//!
//! ```text
//! client                                     proxy
//! 05 01 82                         ------->
//!                                  <-------  05 82
//!                                  <-------  05 80                     EAF is first
//! 01                               ------->
//!                                  <-------  01
//! AUTH METADATA HMAC               ------->                            a factor
//!                                  <-------  AUTH METADATA HMAC        verified
//!                                  <-------  05 81                     records from here on
//!                                  <-------  05 00                     the end of the sequence
//! 05 01 00 ATYP DST.ADDR DST.PORT  ------->
//!                                  <-------  05 00 00 ATYP BND.ADDR BND.PORT
//! ```
//!
//! A message of EAF, and a record of TOL on a stream, with their lengths in bytes:
//!
//! ```text
//! +-----+------+------+------+----------+------+
//! | VER | ALEN | MLEN | AUTH | METADATA | HMAC |    HMAC: of all bytes before it
//! +-----+------+------+------+----------+------+
//! |  1  |  2   |  2   | ALEN |   MLEN   |  32  |
//! +-----+------+------+------+----------+------+
//!
//! +-----+------+----------+----------+--------+---------+
//! | SIG | TYPE | RAND_LEN |   RAND   | LENGTH | MESSAGE |    SIG: of all bytes after it
//! +-----+------+----------+----------+--------+---------+
//! |  2  |  1   |    1     | RAND_LEN |   2    | LENGTH  |
//! +-----+------+----------+----------+--------+---------+
//! ```
//!
//! # Security
//!
//! - EAF authenticates and does not encrypt. A token, a one-time password and an RFC 1929 password
//!   are sent in the clear, unless TLS surrounds the connection.
//! - TOL does not encrypt either. It hides sizes only from an observer that does not parse
//!   records.
//! - Alternatives by [`Auth::or`](crate::Auth::or) can be reduced to the weakest one by an
//!   attacker on the path. METHODs that must all run are a [`Sequence`].
//! - The crate wipes its copies of pre-shared keys, private keys, shared secrets, derived keys and
//!   the secrets of factors. The caller's copies stay with the caller. `Debug` shows no secret.
//!
//! Wrong HMACs, replays, wrong signatures and violations of a sequence's order are events of the
//! feature `tracing`.

mod agreement;
mod capabilities;
mod chaining;
mod codes;
mod crypto;
mod dialect;
mod eaf;
mod ephemeral;
mod error;
mod exchange;
mod factor;
mod jitter;
mod member;
mod message;
mod metadata;
mod obfuscation;
mod order;
mod password;
mod psk;
mod random;
mod record;
mod records;
mod sequence;
mod session;
mod status;
mod tol;
mod totp;
mod transfer;
#[cfg(test)]
mod vectors;

#[doc = include_str!("../../docs/socks5a.md")]
pub mod draft {}

pub use capabilities::Capabilities;
pub use eaf::Eaf;
pub use error::Error;
pub use factor::Factor;
pub use jitter::Jitter;
pub use member::Member;
pub use obfuscation::Obfuscation;
pub use psk::Psk;
pub use sequence::Sequence;
pub use session::Session;
pub use status::Status;
pub use tol::Tol;
