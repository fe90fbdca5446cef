//! Racing the addresses of a proxy on the calling thread.

use super::wait::wait;
use crate::dial::{ATTEMPT_DELAY, Failures, begin, connected};
use crate::proxy::SocketOptions;
use crate::runtime::Deadline;
use rustix::event::{PollFd, PollFlags};
use socket2::SockAddr;
use std::io;
use std::net::TcpStream;
use std::time::Instant;

type Running<'a> = (&'a SockAddr, TcpStream);

/// Connects to the first address that answers: one after the other, each [`ATTEMPT_DELAY`] after the one before it or as soon as
/// that one has failed, and all that have begun go on (RFC 8305 §5). The socket stays non-blocking.
pub(super) fn race(
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
        let until = if waiting.peek().is_some() { Some(earlier(deadline, next_at)) } else { deadline };
        match wait_any(&mut running, &mut failures, until) {
            Ended::Won(socket) => return Ok(socket),
            Ended::Failed => next_at = Instant::now(),
            Ended::None if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                failures.late(running.iter().map(|(addr, _)| *addr));
                return Err(failures);
            }
            Ended::None => {}
        }
    }
}

fn earlier(deadline: Deadline, next_at: Instant) -> Instant {
    deadline.map_or(next_at, |deadline| deadline.min(next_at))
}

/// What came of waiting for attempts.
enum Ended {
    None,
    Failed,
    Won(TcpStream),
}

/// Waits until an attempt ends, and takes those out that have.
fn wait_any(running: &mut Vec<Running<'_>>, failures: &mut Failures, until: Deadline) -> Ended {
    let mut sockets: Vec<_> = running.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::OUT)).collect();
    if let Err(error) = wait(&mut sockets, until) {
        drop(sockets);
        for (addr, _) in running.drain(..) {
            failures.push(addr, io::Error::from(error.kind()));
        }
        return Ended::Failed;
    }
    let ended: Vec<bool> = sockets.iter().map(|socket| !socket.revents().is_empty()).collect();
    let mut outcome = Ended::None;
    let mut still_running = Vec::new();
    for (attempt, ended) in running.drain(..).zip(ended) {
        if !ended {
            still_running.push(attempt);
            continue;
        }
        match connected(&attempt.1) {
            Ok(()) => outcome = Ended::Won(attempt.1),
            Err(error) => {
                failures.push(attempt.0, error);
                if let Ended::None = outcome {
                    outcome = Ended::Failed;
                }
            }
        }
    }
    *running = still_running;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::racing::races;

    #[test]
    fn races_as_rfc_8305_says() {
        races(|addrs, options, deadline| match race(&addrs, options, deadline) {
            Ok(socket) => Ok(socket.peer_addr().unwrap()),
            Err(failures) => Err(failures.into_attempts()),
        });
    }
}
