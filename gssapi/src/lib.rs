#![doc = include_str!("../README.md")]

mod buffer;
mod cache;
mod context;
mod credentials;
mod error;
mod ffi;
mod flags;
mod library;
mod messages;
mod name;
mod source;
mod status;

pub use context::Context;
pub use credentials::{Credentials, ServiceKeys};
pub use error::{Error, ErrorKind};
pub use flags::Flags;
pub use library::Library;
pub use messages::{Order, Unwrapped};
pub use name::Name;
pub use source::Source;
