//! The asynchronous front ends behind one trait.

use crate::lateness::Lateness;
use anysocks::{Address, Chain, Error, Proxy};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

pub(crate) trait Front: 'static {
    const NAME: &'static str;
    type Stream: Send;
    type Socket: Send + Sync;

    fn connect(chain: Chain, target: &str) -> impl Future<Output = Result<Self::Stream, Error>> + Send;
    fn associate(proxy: Proxy) -> impl Future<Output = Result<Self::Socket, Error>> + Send;
    fn send_to(
        socket: &Self::Socket,
        payload: &[u8],
        target: &str,
    ) -> impl Future<Output = io::Result<usize>> + Send;
    fn recv_from(
        socket: &Self::Socket,
        buf: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, Address)>> + Send;
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
    fn spawn(runtime: &Runtime, task: impl Future<Output = ()> + Send + 'static);
}

macro_rules! front {
    ($name:ident, $front:ident, |$duration:ident| $sleep:expr, |$runtime:ident, $task:ident| $spawn:expr) => {
        pub(crate) enum $name {}

        impl Front for $name {
            const NAME: &'static str = stringify!($front);
            type Stream = anysocks::$front::AnyStream;
            type Socket = anysocks::$front::Socks5UdpSocket;

            async fn connect(chain: Chain, target: &str) -> Result<Self::Stream, Error> {
                anysocks::$front::Connector::new(chain).connect(target).await
            }

            async fn associate(proxy: Proxy) -> Result<Self::Socket, Error> {
                anysocks::$front::Socks5UdpSocket::associate(proxy).await
            }

            async fn send_to(socket: &Self::Socket, payload: &[u8], target: &str) -> io::Result<usize> {
                socket.send_to(payload, target).await
            }

            async fn recv_from(socket: &Self::Socket, buf: &mut [u8]) -> io::Result<(usize, Address)> {
                socket.recv_from(buf).await
            }

            async fn sleep($duration: Duration) {
                $sleep.await;
            }

            fn spawn($runtime: &Runtime, $task: impl Future<Output = ()> + Send + 'static) {
                $spawn;
            }
        }
    };
}

front!(Tokio, tokio, |duration| tokio::time::sleep(duration), |runtime, task| drop(runtime.spawn(task)));
front!(Smol, smol, |duration| async_io::Timer::after(duration), |_runtime, task| smol::spawn(task).detach());
front!(AsyncStd, async_std, |duration| async_io::Timer::after(duration), |_runtime, task| drop(
    async_std::task::spawn(task)
));

/// The output of the work, or `None` if the time is over before: the work is dropped then.
pub(crate) async fn within<F: Front, T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut timer) = (pin!(work), pin!(F::sleep(limit)));
    std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Calls that time out at a silent proxy, one after the other.
pub(crate) fn silence(runtime: &Runtime, silent: SocketAddr, lateness: &Lateness) {
    const TIMEOUT: Duration = Duration::from_millis(200);
    let proxy = || Proxy::socks5(silent).expect("a proxy").timeout(TIMEOUT);
    for _ in 0..10 {
        let began = Instant::now();
        let error =
            anysocks::blocking::Socks5Stream::connect(proxy(), "example.com:80").expect_err("a timeout");
        lateness.record("blocking", began, TIMEOUT, &error);
        runtime.block_on(time_out::<Tokio>(proxy(), TIMEOUT, lateness));
        async_io::block_on(time_out::<Smol>(proxy(), TIMEOUT, lateness));
        async_io::block_on(time_out::<AsyncStd>(proxy(), TIMEOUT, lateness));
    }
}

async fn time_out<F: Front>(proxy: Proxy, timeout: Duration, lateness: &Lateness) {
    let began = Instant::now();
    let error = F::connect(proxy.into(), "example.com:80").await.err().expect("a timeout");
    lateness.record(F::NAME, began, timeout, &error);
}
