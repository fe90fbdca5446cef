//! Tests of racing that all front ends share: addresses that accept, refuse, or drop all packets.

use crate::error::Attempt;
use crate::proxy::SocketOptions;
use crate::runtime::dial::ATTEMPT_DELAY;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// How late an attempt may start, or a deadline be noticed, on a busy machine.
const TOLERANCE: Duration = Duration::from_secs(3);

pub(crate) const OPTIONS: SocketOptions = SocketOptions::DEFAULT;

/// An address with a full backlog, so that the system drops new connections.
pub(crate) struct Blackhole {
    addr: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Blackhole {
    pub(crate) fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        loop {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            let full = filler.connect_timeout(&addr, Duration::from_secs(1)).is_err();
            sockets.push(filler);
            if full {
                return Self { addr: addr.as_socket().unwrap(), _sockets: sockets };
            }
        }
    }
}

/// An address that refuses connections as long as the socket exists, which is bound but does not
/// listen.
pub(crate) fn refusing_address() -> (SocketAddr, Socket) {
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    bound.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    (bound.local_addr().unwrap().as_socket().unwrap(), bound)
}

/// Races addresses with one front end. Returns the address that won, or all failures.
pub(crate) type Race = fn(Vec<SockAddr>, &SocketOptions, Option<Instant>) -> Result<SocketAddr, Vec<Attempt>>;

/// Checks what RFC 8305 requires of every front end.
pub(crate) fn races(race: Race) {
    let hole = Blackhole::new();
    let (dead, _bound) = refusing_address();
    a_silent_address_costs_one_delay(race, &hole);
    a_refusing_address_costs_nothing(race, dead);
    the_deadline_holds(race, &hole, dead);
    nothing_to_race(race);
    a_local_address_has_a_family(race, dead);
    a_local_port_serves_several_attempts(race, &hole);
}

/// A limit that no attempt on this machine reaches.
const PATIENCE: Duration = Duration::from_secs(60);

type Raced = (Duration, Result<SocketAddr, Vec<Attempt>>);

fn run(race: Race, addrs: &[SocketAddr], limit: Option<Duration>) -> Raced {
    run_from(race, None, addrs, limit)
}

fn run_from(
    race: Race,
    local_addr: Option<SocketAddr>,
    addrs: &[SocketAddr],
    limit: Option<Duration>,
) -> Raced {
    let started = Instant::now();
    let deadline = limit.map(|limit| started + limit);
    let mut options = OPTIONS;
    options.local_addr = local_addr;
    let raced = race(addrs.iter().map(|addr| (*addr).into()).collect(), &options, deadline);
    (started.elapsed(), raced)
}

fn a_silent_address_costs_one_delay(race: Race, hole: &Blackhole) {
    let live = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = live.local_addr().unwrap();
    let (elapsed, raced) = run(race, &[hole.addr, addr], None);
    assert_eq!(raced.unwrap(), addr);
    assert!(elapsed >= ATTEMPT_DELAY && elapsed < ATTEMPT_DELAY + TOLERANCE, "{elapsed:?}");
}

fn a_refusing_address_costs_nothing(race: Race, dead: SocketAddr) {
    let live = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = live.local_addr().unwrap();
    let addrs = [vec![dead; 20], vec![addr]].concat();
    let (elapsed, raced) = run(race, &addrs, None);
    assert_eq!(raced.unwrap(), addr);
    assert!(elapsed < TOLERANCE && TOLERANCE < ATTEMPT_DELAY * 20, "{elapsed:?}");
}

fn the_deadline_holds(race: Race, hole: &Blackhole, dead: SocketAddr) {
    let limit = Duration::from_secs(1);
    let (elapsed, raced) = run(race, &[dead, hole.addr, hole.addr], Some(limit));
    let attempts = raced.unwrap_err();
    let kinds: Vec<_> = attempts.iter().map(|attempt| attempt.error.kind()).collect();
    let late = io::ErrorKind::TimedOut;
    assert_eq!(kinds, [io::ErrorKind::ConnectionRefused, late, late]);
    assert!(elapsed >= limit && elapsed < limit + TOLERANCE, "{elapsed:?}");
}

fn nothing_to_race(race: Race) {
    assert_eq!(run(race, &[], None).1.unwrap_err().len(), 0);
}

/// An address of the other family fails at once, and its error names the reason.
fn a_local_address_has_a_family(race: Race, dead: SocketAddr) {
    let local = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let other = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], dead.port()));
    let attempts = run_from(race, local, &[other, dead, other], Some(PATIENCE)).1.unwrap_err();
    let texts: Vec<_> = attempts.iter().map(|attempt| attempt.error.to_string()).collect();
    let kinds: Vec<_> = attempts.iter().map(|attempt| attempt.error.kind()).collect();
    let (refused, mismatch) = (io::ErrorKind::ConnectionRefused, io::ErrorKind::InvalidInput);
    assert_eq!(kinds, [mismatch, refused, mismatch]);
    assert_eq!(texts[0], "the local address 127.0.0.1 is IPv4 and can't reach an IPv6 address");
    let live = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = live.local_addr().unwrap();
    assert_eq!(run_from(race, local, &[other, addr], None).1.unwrap(), addr);
}

/// Concurrent attempts share a local port. No other program uses this address, so the port is
/// free.
#[cfg(target_os = "linux")]
fn a_local_port_serves_several_attempts(race: Race, hole: &Blackhole) {
    let free = TcpListener::bind("127.0.0.8:0").unwrap().local_addr().unwrap();
    let live = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = live.local_addr().unwrap();
    assert_eq!(run_from(race, Some(free), &[hole.addr, addr], Some(PATIENCE)).1.unwrap(), addr);
    assert_eq!(live.accept().unwrap().1, free);
}

/// On other systems, the loopback interface has one address only.
#[cfg(not(target_os = "linux"))]
const fn a_local_port_serves_several_attempts(_: Race, _: &Blackhole) {}
