//! SOCKS without I/O: handshakes as conversations, for any kind of stream.
//!
//! The front ends of this crate drive conversations by their public methods alone. With the same
//! methods, a program can drive them over mio, `io_uring` or a simulated network.
//!
//! # A conversation
//!
//! A request to a proxy is a [`Conversation`]: a [`Socks4`], a [`Socks5`], or an [`AnyRequest`]
//! for both versions. It does no I/O. [`step`](Conversation::step) returns what to do next, and
//! [`advance`](Conversation::advance) takes the number of bytes that were moved:
//!
//! ```
//! use anysocks::protocol::{Conversation, Scratch, Socks4, Step};
//! use anysocks::{Target, UserId};
//!
//! let user_id = UserId::none();
//! let mut request = Socks4::connect(&user_id, Target::try_from("192.0.2.1:80")?)?;
//!
//! // Write the request. A driver may write less than the step offers.
//! let mut scratch = Scratch::new();
//! let Step::Write(bytes) = request.step(&mut scratch) else { panic!() };
//! assert_eq!(bytes, [4, 1, 0, 80, 192, 0, 2, 1, 0]);
//! request.advance(9)?;
//!
//! // Read the reply, in as many parts as it arrives in.
//! for part in [&[0, 90, 0x30][..], &[0x39, 192, 0, 2, 7]] {
//!     let mut scratch = Scratch::new();
//!     let Step::Read(room) = request.step(&mut scratch) else { panic!() };
//!     room[..part.len()].copy_from_slice(part);
//!     request.advance(part.len())?;
//! }
//!
//! // The proxy has granted the request: the stream is the tunnel.
//! let mut scratch = Scratch::new();
//! let Step::Done(established) = request.step(&mut scratch) else { panic!() };
//! assert_eq!(established.bound.to_string(), "192.0.2.7:12345");
//! # Ok::<(), anysocks::Error>(())
//! ```
//!
//! The room for a read is never longer than the least that the proxy must still send. So the first
//! byte of the tunnel is never read, and the driver needs no buffer.
//!
//! # A driver
//!
//! A driver is a loop around `step`. [`report`](Conversation::report) takes the result of an I/O
//! call, and calls `advance` or returns the error with its [`Stage`](crate::Stage). This is a
//! whole driver for blocking streams:
//!
//! ```
//! use anysocks::protocol::{Conversation, Scratch, Socks5, Step};
//! use anysocks::{Auth, Error, Target};
//! use std::io::{Read, Write};
//!
//! fn drive<C: Conversation>(
//!     stream: &mut (impl Read + Write),
//!     conversation: &mut C,
//! ) -> Result<C::Outcome, Error> {
//!     loop {
//!         let mut scratch = Scratch::new();
//!         let moved = match conversation.step(&mut scratch) {
//!             Step::Write(bytes) => stream.write(bytes),
//!             Step::Read([]) => Ok(0), // the conversation is over: `report` returns why
//!             Step::Read(room) => stream.flush().and_then(|()| stream.read(room)),
//!             Step::Done(outcome) => return Ok(outcome),
//!         };
//!         conversation.report(moved)?;
//!     }
//! }
//!
//! fn connect(stream: &mut (impl Read + Write)) -> Result<(), Error> {
//!     let auth = Auth::none();
//!     let mut request = Socks5::connect(&auth, Target::try_from("example.com:80")?)?;
//!     let established = drive(stream, &mut request)?;
//!     println!("the proxy bound {}", established.bound);
//!     Ok(())
//! }
//! ```
//!
//! **Non-blocking streams.** The state is in the conversation, so a driver can return at a
//! [`WouldBlock`](std::io::ErrorKind::WouldBlock) and step again once the stream is ready. It
//! checks for that error before it calls `report`. The example `sans_io` is such a driver, over
//! mio.
//!
//! **Deadlines.** A driver that reaches its deadline drops the conversation.
//! [`failure`](Conversation::failure) returns the error: `failure(ErrorKind::TimedOut)` has the
//! stage that timed out.
//!
//! # Completion-based I/O
//!
//! `io_uring` and its like own a buffer until the operation completes, so they can't read into the
//! room of a step. Such a driver steps twice for a read: once for the length of the room, and,
//! after completion, once for the place of the bytes. Without an `advance` in between, both steps
//! are the same. `examples/clients/src/bin/monoio/driver.rs` is such a driver, to copy.
//!
//! ```
//! use anysocks::Error;
//! use anysocks::protocol::{Conversation, Scratch, Step};
//! use std::io;
//!
//! /// A stream that takes each buffer and returns it with the result.
//! trait Stream {
//!     async fn write(&mut self, bytes: Vec<u8>) -> (io::Result<usize>, Vec<u8>);
//!     async fn read(&mut self, buf: Vec<u8>) -> (io::Result<usize>, Vec<u8>);
//! }
//!
//! async fn drive<C: Conversation>(
//!     stream: &mut impl Stream,
//!     conversation: &mut C,
//! ) -> Result<C::Outcome, Error> {
//!     enum Operation {
//!         Write(Vec<u8>),
//!         Read(usize),
//!     }
//!     loop {
//!         let operation = match conversation.step(&mut Scratch::new()) {
//!             Step::Write(bytes) => Operation::Write(bytes.to_vec()),
//!             Step::Read(room) => Operation::Read(room.len()),
//!             Step::Done(outcome) => return Ok(outcome),
//!         };
//!         let moved = match operation {
//!             Operation::Write(bytes) => stream.write(bytes).await.0,
//!             Operation::Read(0) => Ok(0),
//!             Operation::Read(len) => {
//!                 let (moved, buf) = stream.read(vec![0; len]).await;
//!                 let mut scratch = Scratch::new();
//!                 if let (Ok(n), Step::Read(room)) = (&moved, conversation.step(&mut scratch)) {
//!                     room[..*n].copy_from_slice(&buf[..*n]);
//!                 }
//!                 moved
//!             }
//!         };
//!         conversation.report(moved)?;
//!     }
//! }
//! # struct Memory(Vec<u8>, io::Cursor<Vec<u8>>);
//! # impl Stream for Memory {
//! #     async fn write(&mut self, bytes: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
//! #         self.0.extend_from_slice(&bytes[..1]);
//! #         (Ok(1), bytes)
//! #     }
//! #     async fn read(&mut self, mut buf: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
//! #         (io::Read::read(&mut self.1, &mut buf[..1]), buf)
//! #     }
//! # }
//! # let auth = anysocks::Auth::none();
//! # let target = anysocks::Target::try_from("192.0.2.1:80")?;
//! # let mut request = anysocks::protocol::Socks5::connect(&auth, target)?;
//! # let replies = b"\x05\x00\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39tunnel".to_vec();
//! # let mut stream = Memory(Vec::new(), io::Cursor::new(replies));
//! # let mut driven = Box::pin(drive(&mut stream, &mut request));
//! # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! # let std::task::Poll::Ready(established) = driven.as_mut().poll(&mut cx) else { panic!() };
//! # assert_eq!(established?.bound.to_string(), "192.0.2.7:12345");
//! # drop(driven);
//! # assert_eq!(stream.0, b"\x05\x01\x00\x05\x01\x00\x01\xC0\x00\x02\x01\x00\x50");
//! # assert_eq!(stream.1.position(), 12);
//! # Ok::<(), Error>(())
//! ```
//!
//! A [`Scratch`] wipes itself if it contained a password. A copy for the operation is the driver's
//! to wipe.
//!
//! # The end of the stream, and failed writes
//!
//! - **The proxy closes the connection**: the driver reports 0 bytes. `advance(0)` returns
//!   [`EndedEarly`](crate::ErrorKind::EndedEarly) with the number of received bytes.
//! - **A write fails** because the connection is closed: the proxy may have sent a refusal before.
//!   `report` recognizes the case and calls [`write_failed`](Conversation::write_failed). The
//!   conversation then writes nothing more and reads up to the refusal or the end of the stream.
//! - **A flush fails** in the same way: the driver calls `write_failed` itself, and reads without
//!   another flush.
//! - **A conversation is over** after its outcome and after an error. It then offers reads without
//!   room, and `report` returns [`Over`](crate::ErrorKind::Over). A driver that continues by
//!   mistake ends with that error.
//!
//! # After the outcome
//!
//! [`Established`] has the address that the proxy bound. What follows depends on the command:
//!
//! - **CONNECT**: the stream is the tunnel. [`SocksStream::new`](crate::SocksStream::new) makes a
//!   stream of both for a front end.
//! - **BIND**: [`SecondReply`] is the conversation that waits for the peer. Its outcome is the
//!   tunnel.
//! - **UDP ASSOCIATE**: `bound` is the address of the relay. The module [`udp`](crate::udp) has
//!   the datagrams. The association lasts as long as the stream is open.
//! - **RESOLVE**, **`RESOLVE_PTR`** of Tor: `bound` is the answer.
//!
//! If the METHOD has negotiated an encapsulation, [`Established::take_frames`] returns [`Frames`].
//! All later bytes must pass through these. They do no I/O either: [`Outgoing`] seals plain bytes
//! into frames, and [`Incoming`] opens frames. `Frames` has an example.
//!
//! # Custom METHODs
//!
//! A METHOD of SOCKS5 is a [`Method`]: a `Conversation` for its sub-negotiation, with a name.
//! [`Auth::method`](crate::Auth::method) and
//! [`Auth::prepared_method`](crate::Auth::prepared_method) offer it. Its outcome is
//! [`Negotiated`]: an [`Encapsulation`] of all later bytes, and a value for the user of the
//! connection, or neither. **[Writing a METHOD](Method#writing-a-method)** shows a complete one.
//!
//! A custom driver does three things for custom METHODs, which the loops above leave out:
//!
//! - It calls [`Auth::prepare`](crate::Auth::prepare) before it creates the request.
//! - It waits for [`pause`](Conversation::pause) before each step, or the encapsulation can't shape
//!   its traffic.
//! - It passes the bytes of the tunnel through [`Frames`].
//!
//! # Types
//!
//! | type | meaning |
//! |---|---|
//! | [`Conversation`], [`Step`], [`Scratch`] | a dialogue without I/O, its next step, and the buffer of a message |
//! | [`Socks4`], [`Socks5`], [`AnyRequest`] | the requests |
//! | [`Established`] | the outcome of a granted request |
//! | [`SecondReply`] | BIND's second reply |
//! | [`Command`] | the command of a request |
//! | [`Method`], [`Purpose`], [`Negotiated`] | a custom METHOD, the connection that it is for, and its outcome |
//! | [`Encapsulation`], [`Seal`], [`Open`], [`Extent`], [`FrameError`] | an encapsulation that a METHOD has negotiated; [`Datagrams`](crate::udp::Datagrams) is its part for UDP |
//! | [`Frames`], [`Incoming`], [`Outgoing`] | bytes through an encapsulation |
//! | [`Pause`], [`Clock`], [`Timer`] | the time that a frame has to wait |

pub(crate) mod address;
pub(crate) mod any_request;
pub(crate) mod any_version;
pub(crate) mod command;
pub(crate) mod conversation;
pub(crate) mod dialect;
pub(crate) mod early_data;
pub(crate) mod encapsulation;
pub(crate) mod established;
pub(crate) mod frames;
pub(crate) mod layered;
pub(crate) mod negotiated;
pub(crate) mod pause;
pub(crate) mod progress;
pub(crate) mod reply;
pub(crate) mod reply_reader;
pub(crate) mod request;
pub(crate) mod second_reply;
pub(crate) mod socks4;
pub(crate) mod socks5;
pub(crate) mod socks_protocol;
pub(crate) mod target;
pub(crate) mod udp;
pub(crate) mod version;
pub(crate) mod wire;

pub use any_request::AnyRequest;
pub use command::Command;
pub use conversation::{Conversation, Scratch, Step};
pub use encapsulation::{Encapsulation, Extent, FrameError, Open, Seal};
pub use established::Established;
pub use frames::{Frames, Incoming, Outgoing};
pub use negotiated::Negotiated;
pub use pause::{Clock, Pause, Timer};
pub use second_reply::SecondReply;
pub use socks4::Socks4;
pub use socks5::{Method, Purpose, Socks5};
