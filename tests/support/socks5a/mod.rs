//! A reference server of SOCKS5a for the tests, written independently of the client.
//!
//! It shares no codec with `src/`. Each file is one section of the protocol: EAF (METHOD X'80'),
//! TOL (X'81'), chaining (X'82'), commands, addresses, replies and the UDP relay. The server
//! judges all bytes that it receives, and reports each violation to the test. A [`Fault`] makes
//! it misbehave.
//!
//! A test starts a [`Server`] with a [`Setup`], dials [`Server::addr`], closes its connections,
//! and checks the [`Report`] of [`Server::finish`]: [`Report::clean`] fails on any violation.

#![allow(dead_code, unused_imports, reason = "each test crate uses a part of it")]

mod address;
mod capabilities;
mod command;
mod eaf;
mod factor;
mod fault;
mod greeting;
mod judge;
mod keys;
mod line;
mod message;
mod metadata;
mod random;
mod record;
mod relay;
mod reply;
mod sequence;
mod server;
mod setup;
pub(crate) mod vectors;

pub(crate) use address::Address;
pub(crate) use command::Request;
pub(crate) use factor::{Factor, totp};
pub(crate) use fault::{Action, Carrier, Fault, Point};
pub(crate) use judge::{Connection, End, Report};
pub(crate) use keys::{Keys, mac, session_key, tol_key};
pub(crate) use message::Message;
pub(crate) use metadata::Entry;
pub(crate) use record::{Kind, Record, Timing};
pub(crate) use reply::{Details, Reply};
pub(crate) use server::Server;
pub(crate) use setup::{Dummies, Eaf, Obfuscation, Setup, Target};
