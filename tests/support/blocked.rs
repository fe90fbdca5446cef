//! Asynchronous work in a blocking test: executors, and streams with blocking calls, so that one
//! test serves all front ends.

use super::case::limit_test;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use tokio::io::ReadBuf;
use tokio::runtime::Runtime;

/// What runs a future to its end.
pub(crate) trait Executor {
    fn run<T>(work: impl Future<Output = T>) -> T;
}

/// For streams in memory. A future that waits without being woken would hang, and fails the test.
pub(crate) struct Patient;

/// For tokio's sockets.
pub(crate) struct OnTokio;

/// For the sockets of smol and async-std.
pub(crate) struct OnAsyncIo;

impl Executor for Patient {
    fn run<T>(work: impl Future<Output = T>) -> T {
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut work = pin!(work);
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
            assert!(flag.0.swap(false, Ordering::Relaxed), "the future waits, and nothing will wake it");
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
});

impl Executor for OnTokio {
    fn run<T>(work: impl Future<Output = T>) -> T {
        limit_test();
        RUNTIME.block_on(work)
    }
}

impl Executor for OnAsyncIo {
    fn run<T>(work: impl Future<Output = T>) -> T {
        limit_test();
        async_io::block_on(work)
    }
}

/// One poll of a future that is dropped then.
pub(crate) fn once<T>(work: impl Future<Output = T>) -> Poll<T> {
    pin!(work).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a test sees of a stream, of whatever front end.
pub(crate) trait Tunnel: Read + Write + Send {}

impl<S: Read + Write + Send> Tunnel for S {}

/// A stream with tokio's traits, as a blocking one.
pub(crate) struct TokioStream<S, X>(S, PhantomData<fn() -> X>);

/// A stream with the traits of futures-io, as a blocking one.
pub(crate) struct FuturesStream<S, X>(S, PhantomData<fn() -> X>);

impl<S, X> TokioStream<S, X> {
    pub(crate) fn new(stream: S) -> Self {
        Self(stream, PhantomData)
    }
}

impl<S, X> FuturesStream<S, X> {
    pub(crate) fn new(stream: S) -> Self {
        Self(stream, PhantomData)
    }
}

impl<S: tokio::io::AsyncRead + Unpin, X: Executor> Read for TokioStream<S, X> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_read(cx, &mut buf)))?;
        Ok(buf.filled().len())
    }
}

impl<S: tokio::io::AsyncWrite + Unpin, X: Executor> Write for TokioStream<S, X> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_write(cx, buf)))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_write_vectored(cx, bufs)))
    }

    fn flush(&mut self) -> io::Result<()> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx)))
    }
}

impl<S: futures_io::AsyncRead + Unpin, X: Executor> Read for FuturesStream<S, X> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_read(cx, buf)))
    }
}

impl<S: futures_io::AsyncWrite + Unpin, X: Executor> Write for FuturesStream<S, X> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_write(cx, buf)))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_write_vectored(cx, bufs)))
    }

    fn flush(&mut self) -> io::Result<()> {
        X::run(poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx)))
    }
}

/// Repeats a call until it succeeds, as the callers of a non-blocking stream do.
pub(crate) fn persist<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..10_000 {
        match call() {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            done => return done,
        }
    }
    panic!("the call never comes to anything");
}

/// Writes all of it and flushes.
pub(crate) fn send(stream: &mut dyn Tunnel, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = persist(|| stream.write(bytes))?;
        bytes = &bytes[n..];
    }
    persist(|| stream.flush())
}

/// Reads to the end, `piece` bytes at a time.
pub(crate) fn receive(stream: &mut dyn Tunnel, piece: usize) -> io::Result<Vec<u8>> {
    let (mut all, mut buf) = (Vec::new(), vec![0; piece]);
    loop {
        match persist(|| stream.read(&mut buf))? {
            0 => return Ok(all),
            n => all.extend(&buf[..n]),
        }
    }
}
