//! SOCKS5a, an experimental extension of SOCKS5: METHODs X'80', X'81' and X'82'.
//!
//! **Experimental.** `draft-lancaster-socks-5a-00` is an individual Internet-Draft that has expired,
//! and no other implementation is known. It leaves open how keys are derived, among other things.
//! What this crate does there may change.
//!
//! [`Eaf`] authenticates the client and the proxy to each other by a pre-shared key.

mod capabilities;
mod crypto;
mod dialect;
mod eaf;
mod error;
mod exchange;
mod factor;
mod message;
mod metadata;
mod psk;
mod session;
mod status;
mod totp;
mod transfer;
#[cfg(test)]
mod vectors;

pub use capabilities::Capabilities;
pub use eaf::Eaf;
pub use error::Error;
pub use factor::Factor;
pub use psk::Psk;
pub use session::Session;
pub use status::Status;
