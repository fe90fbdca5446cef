//! A connect: dialling and the handshake, over TCP.
//!
//! The client is a process of its own where a program watches it, or its memory is measured.

mod case;
mod client;
mod held;
mod pending;
mod processor_time;
mod proxy;
mod turns;
mod watched;
mod way;
mod ways;

pub(crate) use case::Case;
pub(crate) use client::{CONNECT, carry_out};
pub(crate) use pending::pending;
pub(crate) use processor_time::processor_time;
pub(crate) use proxy::{Manner, Proxy};
pub(crate) use watched::{instructions, system_calls};
pub(crate) use way::{FrontEnd, Role};
pub(crate) use ways::ways;
