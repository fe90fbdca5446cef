//! The blocking connector over a stream in memory, whose other end sends the input.

use super::conversation::{Failure, failure};
use anysocks::blocking::Connector;
use anysocks::{Chain, ErrorKind, Target};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The outcome of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Everything that was written.
    pub(crate) said: Vec<u8>,
    /// How much was read during the call.
    pub(crate) read: usize,
    pub(crate) ended: Result<Opened, Failed>,
}

/// BND.ADDR, and what the stream returns then up to its end, or the kind of its error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) bound: String,
    pub(crate) tail: Result<Vec<u8>, io::ErrorKind>,
}

/// The number of the proxy that failed in a chain, and the failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    Proxy(Option<usize>, Failure),
    Frames(Option<usize>),
}

/// Connects with early data, with `sizes[i]` bytes at a time in turn. 0 means all offered bytes.
pub(crate) fn connect(
    chain: &Chain,
    target: &Target<'_>,
    early: &[u8],
    wire: &[u8],
    sizes: &[u8],
) -> Outcome {
    let script = Script { wire: wire.to_vec(), at: 0, said: Vec::new(), sizes: sizes.to_vec(), turn: 0 };
    let script = Arc::new(Mutex::new(script));
    let stream = Scripted(Arc::clone(&script));
    let connector = Connector::new(chain.clone()).wrapped(move |_, _| Ok(stream.clone()));
    let connected = connector.connect_with_early_data(target.borrowed(), early);
    accept();
    let read = lock(&script).at;
    let ended = match connected {
        Ok(mut stream) => {
            let mut tail = Vec::new();
            let read = stream.read_to_end(&mut tail).map_err(|error| error.kind());
            Ok(Opened { bound: stream.bound_addr().to_string(), tail: read.map(|_| tail) })
        }
        Err(error) => match error.kind() {
            ErrorKind::Encapsulation(_) => Err(Failed::Frames(error.hop())),
            _ => Err(Failed::Proxy(error.hop(), failure(&error))),
        },
    };
    let said = std::mem::take(&mut lock(&script).said);
    Outcome { said, read, ended }
}

struct Script {
    wire: Vec<u8>,
    at: usize,
    said: Vec<u8>,
    sizes: Vec<u8>,
    turn: usize,
}

impl Script {
    fn size(&mut self) -> usize {
        self.turn += 1;
        match self.sizes.get(self.turn % self.sizes.len().max(1)) {
            None | Some(0) => usize::MAX,
            Some(&size) => size.into(),
        }
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone)]
struct Scripted(Arc<Mutex<Script>>);

impl Read for Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut script = lock(&self.0);
        let n = script.size().min(buf.len()).min(script.wire.len() - script.at);
        buf[..n].copy_from_slice(&script.wire[script.at..][..n]);
        script.at += n;
        Ok(n)
    }
}

impl Write for Scripted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut script = lock(&self.0);
        let n = script.size().min(buf.len());
        script.said.extend(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is dialled before the stream in memory takes its place. A Unix-domain socket needs no port.
#[cfg(unix)]
mod dialled {
    use anysocks::Endpoint;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    pub(super) struct Dialled(UnixListener, PathBuf);

    impl Dialled {
        pub(super) fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let (process, number) = (std::process::id(), COUNT.fetch_add(1, Relaxed));
            let path = std::env::temp_dir().join(format!("anysocks-corpus-{process}-{number}"));
            let _ = std::fs::remove_file(&path);
            let listener = UnixListener::bind(&path).expect("a listener");
            listener.set_nonblocking(true).expect("a listener that does not wait");
            Self(listener, path)
        }

        pub(super) fn endpoint(&self) -> Endpoint {
            self.1.clone().into()
        }

        pub(super) fn accept(&self) {
            drop(self.0.accept());
        }
    }

    impl Drop for Dialled {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.1);
        }
    }
}

#[cfg(not(unix))]
mod dialled {
    use anysocks::Endpoint;
    use std::net::{Ipv4Addr, TcpListener};

    pub(super) struct Dialled(TcpListener);

    impl Dialled {
        pub(super) fn new() -> Self {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
            listener.set_nonblocking(true).expect("a listener that does not wait");
            Self(listener)
        }

        pub(super) fn endpoint(&self) -> Endpoint {
            self.0.local_addr().expect("an address").into()
        }

        pub(super) fn accept(&self) {
            drop(self.0.accept());
        }
    }
}

thread_local! {
    static DIALLED: RefCell<Option<dialled::Dialled>> = const { RefCell::new(None) };
}

/// The endpoint of the first proxy.
pub(crate) fn endpoint() -> anysocks::Endpoint {
    DIALLED.with_borrow_mut(|dialled| dialled.get_or_insert_with(dialled::Dialled::new).endpoint())
}

fn accept() {
    DIALLED.with_borrow(|dialled| dialled.iter().for_each(dialled::Dialled::accept));
}
