//! A test runtime whose resolver derives addresses from names.

use super::dial::Failures;
use super::{Deadline, Ends, Runtime};
use crate::blocking::{Blocking, Dialled};
use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::proxy::SocketOptions;
use socket2::SockAddr;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long a name with the part `slow` takes to resolve.
pub(crate) const SLOW: Duration = Duration::from_secs(1);

/// The blocking front end with a stub resolver.
///
/// `v6-v4.test` resolves to one address of each family. Resolving `slow-v4.test` takes [`SLOW`].
pub(crate) struct StubResolver;

impl Runtime for StubResolver {
    type Dialled = Dialled;
    type Stream = TcpStream;

    fn now() -> Instant {
        Blocking::now()
    }

    async fn within<W: Future + Send + Sync>(deadline: Deadline, work: W) -> Option<W::Output> {
        Blocking::within(deadline, work).await
    }

    async fn lookup(name: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
        let mut addrs = Vec::new();
        for (part, last) in name.trim_end_matches(".test").split('-').zip(1..) {
            match part {
                "slow" => {
                    let left = deadline.map_or(SLOW, |at| at.saturating_duration_since(Instant::now()));
                    thread::sleep(left.min(SLOW));
                    if left < SLOW {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                "internal" => addrs.push((Ipv4Addr::new(10, 0, 0, last), port).into()),
                "v4" => addrs.push((Ipv4Addr::new(192, 0, 2, last), port).into()),
                "v6" => addrs.push((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()), port).into()),
                other => panic!("{other} in {name}"),
            }
        }
        Ok(addrs)
    }

    async fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Dialled, Failures> {
        Blocking::connect(addr, options, deadline).await
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Dialled, Failures> {
        <Blocking as Runtime>::race(addrs, options, deadline).await
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut Dialled,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        <Blocking as Runtime>::converse(stream, conversation, deadline).await
    }

    fn ends(_: &Dialled) -> io::Result<Ends> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn finish(stream: Dialled) -> io::Result<TcpStream> {
        Blocking::finish(stream)
    }
}
