//! Connecting to the addresses of a proxy in parallel, on the calling thread (RFC 8305).

use super::wait::wait;
use crate::proxy::SocketOptions;
use crate::runtime::Deadline;
use crate::runtime::dial::{ATTEMPT_DELAY, Failures, begin, connected};
use rustix::event::{PollFd, PollFlags};
use socket2::SockAddr;
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

type Running<'a> = (&'a SockAddr, TcpStream);

/// Waits until a socket is ready or the deadline has passed.
pub(super) type Poll = fn(&mut [PollFd<'_>], Deadline) -> io::Result<bool>;

/// How often each attempt is checked for failure. `WSAPoll` reports no failed attempt before
/// Windows 10 version 2004.
pub(super) const RECHECK: Option<Duration> =
    if cfg!(windows) { Some(Duration::from_millis(250)) } else { None };

/// Connects to the first address that accepts (RFC 8305 §5). Each attempt starts [`ATTEMPT_DELAY`]
/// after the previous one, or when that fails. Started attempts continue. The socket stays
/// non-blocking.
pub(super) fn race(
    addrs: &[SockAddr],
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<TcpStream, Failures> {
    race_by(wait, RECHECK, addrs, options, deadline)
}

pub(super) fn race_by(
    poll: Poll,
    recheck: Option<Duration>,
    addrs: &[SockAddr],
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<TcpStream, Failures> {
    let mut waiting = addrs.iter().peekable();
    let mut running: Vec<Running<'_>> = Vec::new();
    let mut failures = Failures::default();
    let mut next_at = Instant::now();
    loop {
        while let Some(addr) = waiting.next_if(|_| Instant::now() >= next_at) {
            match begin(addr, options) {
                Ok(socket) => {
                    running.push((addr, socket));
                    next_at = Instant::now() + ATTEMPT_DELAY;
                }
                Err(error) => failures.push(addr, error),
            }
        }
        if running.is_empty() {
            return Err(failures);
        }
        let next_attempt_at = waiting.peek().map(|_| next_at);
        let recheck_at = recheck.map(|interval| Instant::now() + interval);
        let until = [deadline, next_attempt_at, recheck_at].into_iter().flatten().min();
        let reported = poll_all(poll, &running, until);
        match take_ended(&mut running, &mut failures, reported, recheck.is_some()) {
            Outcome::Connected(socket) => return Ok(socket),
            Outcome::Failed => next_at = Instant::now(),
            Outcome::Pending if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                failures.push_timed_out(running.iter().map(|(addr, _)| *addr));
                return Err(failures);
            }
            Outcome::Pending => {}
        }
    }
}

/// The result of waiting for attempts.
enum Outcome {
    Pending,
    Failed,
    Connected(TcpStream),
}

/// Waits until an attempt ends. Returns for each attempt whether it has ended.
fn poll_all(poll: Poll, running: &[Running<'_>], until: Deadline) -> io::Result<Vec<bool>> {
    let mut sockets: Vec<_> = running.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::OUT)).collect();
    poll(&mut sockets, until)?;
    Ok(sockets.iter().map(|socket| !socket.revents().is_empty()).collect())
}

/// Removes the attempts that have ended: the reported ones and, with `recheck`, those whose
/// sockets have an error.
fn take_ended(
    running: &mut Vec<Running<'_>>,
    failures: &mut Failures,
    reported: io::Result<Vec<bool>>,
    recheck: bool,
) -> Outcome {
    let reported = match reported {
        Ok(reported) => reported,
        Err(error) => {
            for (addr, _) in running.drain(..) {
                failures.push(addr, io::Error::from(error.kind()));
            }
            return Outcome::Failed;
        }
    };
    let mut outcome = Outcome::Pending;
    let mut still_running = Vec::new();
    for (attempt, reported) in running.drain(..).zip(reported) {
        let state = if reported || recheck { connected(&attempt.1) } else { Ok(()) };
        match state {
            Ok(()) if reported => outcome = Outcome::Connected(attempt.1),
            Ok(()) => still_running.push(attempt),
            Err(error) => {
                failures.push(attempt.0, error);
                if let Outcome::Pending = outcome {
                    outcome = Outcome::Failed;
                }
            }
        }
    }
    *running = still_running;
    outcome
}

/// Reports successes alone, as `WSAPoll` did.
#[cfg(test)]
pub(super) fn without_failures(sockets: &mut [PollFd<'_>], until: Deadline) -> io::Result<bool> {
    loop {
        wait(sockets, Some(Instant::now()))?;
        for socket in sockets.iter_mut() {
            if socket.revents().intersects(PollFlags::ERR | PollFlags::HUP) {
                socket.clear_revents();
            }
        }
        let ready = sockets.iter().any(|socket| !socket.revents().is_empty());
        if ready || until.is_some_and(|until| until <= Instant::now()) {
            return Ok(ready);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::racing::races;

    #[test]
    fn races_as_rfc_8305_says() {
        races(|addrs, options, deadline| match race(&addrs, options, deadline) {
            Ok(socket) => Ok(socket.peer_addr().unwrap()),
            Err(failures) => Err(failures.into_attempts()),
        });
    }
}
