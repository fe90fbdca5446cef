//! The task of this program when [`crate::isolation`] has replaced its resolver files: it times
//! one connection.

use std::fmt;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anysocks::{Auth, Error, Proxy, Stage, Target};

use crate::fronts::{FRONTS, Front, Opening};
use crate::tunnel::{DEADLINE, Opened};

/// The environment variable that has the task.
pub(crate) const TASK: &str = "ANYSOCKS_INTEROP_TASK";

/// How many lookups are many.
const LOOKUPS: u16 = 1000;

/// A measurement. Its text is what goes from the one process to the other.
pub(crate) enum Task<'a> {
    /// No answer to the question where the proxy is.
    SilentNameServer { front: &'a Front },
    /// The same for a thousand proxies, one after the other.
    ManyLookups { front: &'a Front },
    /// The proxy's name has two addresses, of which the first swallows everything.
    SilentFirstAddress { front: &'a Front, proxy: u16, destination: u16 },
}

impl Task<'_> {
    /// The proxy's.
    pub(crate) const NAME: &'static str = "some-name.example";
}

impl fmt::Display for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SilentNameServer { front } => f.write_str(front.name),
            Self::ManyLookups { front } => write!(f, "{} {LOOKUPS}", front.name),
            Self::SilentFirstAddress { front, proxy, destination } => {
                write!(f, "{} {proxy} {destination}", front.name)
            }
        }
    }
}

fn parse(text: &str) -> Option<Task<'static>> {
    let mut words = text.split(' ');
    let name = words.next()?;
    let front = FRONTS.iter().find(|front| front.name == name)?;
    let ports: Vec<u16> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    match *ports {
        [] => Some(Task::SilentNameServer { front }),
        [LOOKUPS] => Some(Task::ManyLookups { front }),
        [proxy, destination] => Some(Task::SilentFirstAddress { front, proxy, destination }),
        _ => None,
    }
}

/// Runs the task that this process was started for, if any, and exits: a resolver's thread that
/// still waits would delay a normal end.
pub(crate) fn run_if_asked() {
    let Ok(text) = std::env::var(TASK) else { return };
    thread::spawn(|| {
        thread::sleep(DEADLINE);
        eprintln!("not done after {DEADLINE:?}");
        process::exit(2);
    });
    let done = match parse(&text) {
        Some(task) => perform(&task).map_err(|error| error.to_string()).and_then(|outcome| outcome),
        None => Err(format!("no task: {text}")),
    };
    process::exit(match done {
        Ok(()) => 0,
        Err(failure) => {
            eprintln!("{failure}");
            1
        }
    });
}

fn perform(task: &Task<'_>) -> Result<Result<(), String>, Error> {
    Ok(match task {
        Task::SilentNameServer { front } => {
            let proxy = Proxy::socks5((Task::NAME, 1080))?.timeout(Duration::from_millis(500));
            let (elapsed, opened) = timed(front, &proxy, 80);
            let error = opened.err();
            let fits =
                error.as_ref().is_some_and(|error| error.stage() == Stage::Resolve && error.is_timeout());
            judge("a resolver's timeout", fits, elapsed, 500..3500, error)
        }
        Task::ManyLookups { front } => {
            let mut last = None;
            for n in 0..LOOKUPS {
                let proxy = Proxy::socks5((format!("{n}.example"), 1080))?.timeout(Duration::from_millis(2));
                last = timed(front, &proxy, 80).1.err();
            }
            let told = last.map_or_else(String::new, |error| format!("{error:#}"));
            let (workers, others) = threads().map_err(|error| Error::io(Stage::Resolve, error))?;
            let expected = "timed out waiting for a thread: 32 lookups are in flight";
            // The front end's own threads, this one, and the one that watches it.
            if workers == 32 && others < 100 && told.ends_with(expected) {
                Ok(())
            } else {
                Err(format!("{workers} threads for lookups, and {others} others; at last: {told}"))
            }
        }
        Task::SilentFirstAddress { front, proxy, destination } => {
            let proxy = Proxy::socks5((Task::NAME, *proxy))?.timeout(DEADLINE);
            let (elapsed, opened) = timed(front, &proxy, *destination);
            judge("a tunnel", opened.is_ok(), elapsed, 240..3250, opened.err())
        }
    })
}

/// How many threads of this process work for the crate, and how many do not.
fn threads() -> io::Result<(usize, usize)> {
    let names = fs::read_dir("/proc/self/task")?
        .map(|thread| fs::read_to_string(thread?.path().join("comm")))
        .collect::<io::Result<Vec<_>>>()?;
    let (workers, others): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| name.trim_end() == "anysocks worker");
    Ok((workers.len(), others.len()))
}

fn timed(front: &Front, proxy: &Proxy, destination: u16) -> (Duration, Result<Opened, Error>) {
    let target = Target::from((Ipv4Addr::LOCALHOST, destination));
    let opening = Opening { proxy, auth: &Auth::none(), target, tls: None, inner: false, early_data: &[] };
    let started = Instant::now();
    let opened = (front.open5)(&opening);
    (started.elapsed(), opened)
}

fn judge(
    what: &str,
    fits: bool,
    elapsed: Duration,
    millis: Range<u128>,
    error: Option<Error>,
) -> Result<(), String> {
    if fits && millis.contains(&elapsed.as_millis()) {
        return Ok(());
    }
    let outcome = error.map_or_else(|| "a tunnel".to_owned(), |error| format!("{error:?}"));
    Err(format!("expected {what} after {millis:?} ms, got {outcome} after {elapsed:?}"))
}
