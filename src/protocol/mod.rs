//! SOCKS without I/O: handshakes as conversations, and what may be negotiated in them.

pub(crate) mod address;
pub(crate) mod any_request;
pub(crate) mod any_version;
pub(crate) mod command;
pub(crate) mod conversation;
pub(crate) mod driver;
pub(crate) mod early_data;
pub(crate) mod encapsulation;
pub(crate) mod established;
pub(crate) mod frames;
pub(crate) mod last_message;
pub(crate) mod progress;
pub(crate) mod proxy_protocol;
pub(crate) mod reply;
pub(crate) mod reply_reader;
pub(crate) mod second_reply;
pub(crate) mod socks4;
pub(crate) mod socks5;
pub(crate) mod target;
pub(crate) mod udp;
pub(crate) mod version;
pub(crate) mod wire;

pub use any_request::AnyRequest;
pub use conversation::{Conversation, Scratch, Step};
pub use encapsulation::{Encapsulation, FrameError, Open, Seal};
pub use established::Established;
pub use frames::{Frames, Incoming, Outgoing};
pub use second_reply::SecondReply;
pub use socks4::Socks4;
pub use socks5::{Method, Socks5};
