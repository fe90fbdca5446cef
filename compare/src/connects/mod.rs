//! A connect: dialling and the handshake, over TCP.
//!
//! The client is a process of its own where a program watches it, or its memory is measured.

mod case;
mod client;
mod counted;
mod held;
mod pending;
mod processor_time;
mod proxy;
mod recorded;
pub(crate) mod timed;
mod turns;
mod watched;
mod way;
mod ways;

pub(crate) use case::Case;
pub(crate) use client::{CONNECT, carry_out};
#[cfg(test)]
pub(crate) use counted::Row;
pub(crate) use counted::{markdown, rows};
pub(crate) use recorded::{Recorded, record, recorded};
pub(crate) use way::FrontEnd;
