//! `hyper-util`: a `tower` service around another one, which makes the stream to the proxy.

use crate::handshakes::client::{self, Refusal, Stream, future_size};
use crate::request::Login;
use http::Uri;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tower_service::Service;

pub(crate) struct Client<S> {
    /// Where the connector takes the stream from.
    slot: Slot<S>,
    service: SocksV5<Connector<S>>,
}

impl<S: Stream> client::Client<S> for Client<S> {
    const NAME: &str = "hyper-util 0.1.21";

    /// Around hyper's traits, tokio's.
    type Tunnel = TokioIo<TokioIo<S>>;

    fn new(login: Option<Login>) -> Self {
        let slot = Slot::default();
        let service = SocksV5::new(Uri::from_static("socks5://proxy.example:1080"), Connector(slot.clone()));
        let service = match login {
            None => service,
            Some(Login { name, password }) => service.with_auth(name.into(), password.into()),
        };
        Self { slot, service }
    }

    async fn handshake(&mut self, stream: S) -> Result<Self::Tunnel, Refusal> {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
        self.service.call(target()).await.map(TokioIo::new).map_err(|error| Refusal::without_code(&error))
    }

    /// A pointer to the heap, where the rest is.
    fn future(&self) -> usize {
        future_size(|mut service: SocksV5<Connector<TcpStream>>| service.call(target()))
    }
}

fn target() -> Uri {
    Uri::from_static("https://www.example.com:443")
}

type Slot<S> = Arc<Mutex<Option<S>>>;

/// Hands out the stream instead of dialling.
struct Connector<S>(Slot<S>);

impl<S> Service<Uri> for Connector<S> {
    type Response = TokioIo<S>;
    type Error = Infallible;
    type Future = Ready<Result<TokioIo<S>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        ready(Ok(TokioIo::new(stream.expect("a stream in the slot"))))
    }
}
