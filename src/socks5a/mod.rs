//! SOCKS5a, an experimental extension of SOCKS5: METHODs X'80', X'81' and X'82'.
//!
//! **Experimental.** `draft-lancaster-socks-5a-00` is an individual Internet-Draft that has expired,
//! and no other implementation is known. It leaves open how keys are derived, among other things.
//! What this crate does there may change.
//!
//! - [`Eaf`] authenticates the client and the proxy to each other by a pre-shared key.
//! - [`Tol`] puts all later bytes into records, and blurs their sizes and times.
//! - [`Sequence`] runs several METHODs on one connection.

mod capabilities;
mod chaining;
mod codes;
mod crypto;
mod dialect;
mod eaf;
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
