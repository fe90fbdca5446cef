//! A dialled socket, until the last handshake has ended.

use super::race::{self, RECHECK};
use super::wait::wait;
use crate::proxy::SocketOptions;
use crate::runtime::Deadline;
use crate::runtime::dial::{self, Failures, Mode, connected};
use rustix::event::{PollFd, PollFlags};
use socket2::SockAddr;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A dialled socket. It is non-blocking if it was dialled with a deadline, because a blocking
/// write has none.
#[derive(Debug)]
pub struct Dialled {
    pub(super) stream: TcpStream,
    is_nonblocking: bool,
}

impl Dialled {
    const fn nonblocking(stream: TcpStream) -> Self {
        Self { stream, is_nonblocking: true }
    }

    /// Connects to one address.
    pub(super) fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Self, Failures> {
        let addr = (*addr).into();
        let connected = match deadline {
            None => connect(&addr, options),
            Some(_) => connect_until(wait, RECHECK, &addr, options, deadline).map(Self::nonblocking),
        };
        connected.map_err(|error| Failures::of(&addr, error))
    }

    /// Connects to the first of several addresses that accepts.
    pub(super) fn race(
        addrs: &[SockAddr],
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Self, Failures> {
        race::race(addrs, options, deadline).map(Self::nonblocking)
    }

    /// Prepares the socket for calls with this deadline.
    pub(super) fn until(&mut self, deadline: Deadline) -> io::Result<&TcpStream> {
        if deadline.is_some() && !self.is_nonblocking {
            self.stream.set_nonblocking(true)?;
            self.is_nonblocking = true;
        }
        Ok(&self.stream)
    }

    /// Returns the socket for the caller.
    pub(super) fn into_blocking(self) -> io::Result<TcpStream> {
        if self.is_nonblocking {
            self.stream.set_nonblocking(false)?;
        }
        Ok(self.stream)
    }
}

/// Connects without a deadline.
fn connect(addr: &SockAddr, options: &SocketOptions) -> io::Result<Dialled> {
    let socket = dial::open(addr, options, Mode::Blocking)?;
    match socket.connect(addr) {
        // The attempt continues.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            wait(&mut [PollFd::new(&socket, PollFlags::OUT)], None)?;
            connected(&socket)?;
        }
        connected => connected?,
    }
    Ok(Dialled { stream: socket.into(), is_nonblocking: false })
}

/// Connects until the deadline. `poll` and `recheck` are those of a race.
fn connect_until(
    poll: race::Poll,
    recheck: Option<Duration>,
    addr: &SockAddr,
    options: &SocketOptions,
    deadline: Deadline,
) -> io::Result<TcpStream> {
    let socket = dial::begin(addr, options)?;
    loop {
        let recheck_at = recheck.map(|interval| Instant::now() + interval);
        let until = [deadline, recheck_at].into_iter().flatten().min();
        let is_reported = poll(&mut [PollFd::new(&socket, PollFlags::OUT)], until)?;
        if is_reported || recheck.is_some() {
            connected(&socket)?;
        }
        if is_reported {
            return Ok(socket);
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::racing::{OPTIONS, refusing_address};
    use std::net::TcpListener;

    /// By a dial to one address, and by a race of two.
    #[test]
    fn a_failure_that_poll_does_not_report() {
        let deadline = Some(Instant::now() + Duration::from_secs(60));
        let recheck = Some(Duration::from_millis(50));
        let poll = race::without_failures;
        let one = |addr: SocketAddr| {
            let connected = connect_until(poll, recheck, &addr.into(), &OPTIONS, deadline);
            connected.map_err(|error| vec![error.kind()])
        };
        let two = |addrs: [SocketAddr; 2]| {
            let raced = race::race_by(poll, recheck, &addrs.map(SockAddr::from), &OPTIONS, deadline);
            raced.map_err(|failures| {
                failures.into_attempts().iter().map(|attempt| attempt.error.kind()).collect::<Vec<_>>()
            })
        };
        let (dead, _bound) = refusing_address();
        assert_eq!(one(dead).unwrap_err(), [io::ErrorKind::ConnectionRefused]);
        assert_eq!(two([dead, dead]).unwrap_err(), [io::ErrorKind::ConnectionRefused; 2]);
        let live = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = live.local_addr().unwrap();
        for connected in [one(addr), two([dead, addr])] {
            assert_eq!(connected.unwrap().peer_addr().unwrap(), addr);
        }
    }

    /// The proxies of a chain may have different timeouts.
    #[test]
    fn a_later_deadline_makes_the_socket_non_blocking() {
        let live = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut dialled = Dialled::connect(&live.local_addr().unwrap(), &OPTIONS, None).unwrap();
        dialled.until(None).unwrap();
        assert!(!dialled.is_nonblocking);
        dialled.until(Some(Instant::now())).unwrap();
        let read = io::Read::read(&mut &dialled.stream, &mut [0]);
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
