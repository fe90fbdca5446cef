//! *Any SOCKS, any runtime, any stream*: SOCKS4, 4a and 5 clients.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Of the crate alone: a test or an example may well end with a panic.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod address;
pub mod blocking;
mod conversation;
mod dial;
mod encapsulation;
mod error;
mod established;
mod frames;
mod invalid;
mod proxy;
#[cfg(test)]
mod racing;
mod reply;
mod runtime;
mod socks4;
mod socks5;
mod split;
mod stream;
mod target;
mod turn;
mod version;
mod wire;

#[cfg(any(feature = "smol", feature = "async-std"))]
mod async_io;
#[cfg(feature = "async-std")]
pub mod async_std;
#[cfg(feature = "futures-io")]
pub mod futures;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod handshake;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
mod reactor;
#[cfg(feature = "smol")]
pub mod smol;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "trace_off.rs"]
mod trace;

pub use address::{Address, Name};
pub use conversation::{Conversation, Scratch, Step};
pub use encapsulation::{Encapsulation, FrameError, Open, Seal};
pub use error::{Attempt, Error, ErrorKind, Stage};
pub use established::Established;
pub use frames::{Frames, Incoming, Outgoing};
pub use invalid::Invalid;
pub use proxy::{Endpoint, IntoProxy, Proxy, Resolve};
pub use reply::Reply;
pub use socks4::{Socks4, UserId};
pub use socks5::{Auth, Credentials, Method, Socks5};
pub use split::Split;
pub use stream::SocksStream;
pub use target::{Domain, Host, Target};
pub use version::{V4, V5, Version};
